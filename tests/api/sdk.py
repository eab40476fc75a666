"""The official Python SDK, unmodified, against a tenant of Dialtone over TLS.

Reads CONNECTION_STRING; REQUESTS_CA_BUNDLE names the local CA. Prints one line per step, and fails at the first that
does not behave as with the original service.
"""

import os
import sys

from azure.communication.phonenumbers import (
    PhoneNumberAssignmentType,
    PhoneNumberCapabilities,
    PhoneNumberCapabilityType,
    PhoneNumbersClient,
    PhoneNumberType,
)
from azure.communication.phonenumbers.siprouting import SipRoutingClient, SipTrunk, SipTrunkRoute
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

COUNTRY = "US"
TRUNKS = {"sbc1.official-sdk.test": 5061, "sbc2.official-sdk.test": 5062}


def step(name, found):
    """Says what was found, and stops where it is nothing."""
    print(f"{name}: {found}")
    if not found:
        sys.exit(f"{name}: nothing was found")


def browse(numbers):
    """What is for sale, over paged lists and filters."""
    countries = {country.country_code for country in numbers.list_available_countries()}
    step("countries", COUNTRY in countries and sorted(countries))
    offers = list(numbers.list_available_offerings(COUNTRY))
    step("offerings", [(o.phone_number_type, o.assignment_type, o.cost.amount) for o in offers])
    localities = list(numbers.list_available_localities(COUNTRY))
    step("localities", [place.localized_name for place in localities])
    codes = numbers.list_available_area_codes(
        COUNTRY, PhoneNumberType.TOLL_FREE, assignment_type=PhoneNumberAssignmentType.APPLICATION
    )
    step("area codes", [code.area_code for code in codes])


def buy(numbers):
    """Search, which holds a number, and purchase of it."""
    found = numbers.begin_search_available_phone_numbers(
        COUNTRY,
        PhoneNumberType.GEOGRAPHIC,
        PhoneNumberAssignmentType.APPLICATION,
        PhoneNumberCapabilities(
            calling=PhoneNumberCapabilityType.INBOUND_OUTBOUND, sms=PhoneNumberCapabilityType.NONE
        ),
        polling=True,
    ).result()
    step("found", (found.search_id, found.phone_numbers, found.cost.amount, str(found.search_expires_by)))
    assert len(found.phone_numbers) == 1 and found.cost.currency_code == "USD", found
    bought = numbers.begin_purchase_phone_numbers(found.search_id, agree_to_not_resell=True)
    bought.result()
    step("purchased", bought.status())
    assert bought.status().lower() == "succeeded"
    return found.phone_numbers[0]


def change(numbers, number):
    """What a number does, changed and read back; numbers that are looked at without being held."""
    changed = numbers.begin_update_phone_number_capabilities(number, calling=PhoneNumberCapabilityType.INBOUND).result()
    step("changed", (changed.phone_number, changed.capabilities.calling))
    assert changed.capabilities.calling == PhoneNumberCapabilityType.INBOUND
    offered = numbers.browse_available_phone_numbers(
        country_code=COUNTRY,
        phone_number_type=PhoneNumberType.TOLL_FREE,
        calling_capability=PhoneNumberCapabilityType.INBOUND,
        assignment_type=PhoneNumberAssignmentType.APPLICATION,
        phone_number_prefixes=["800"],
    )
    step("browsed", [one.phone_number for one in offered.phone_numbers])


def look(numbers, number):
    """The number is listed and can be asked for; another is not there."""
    listed = [owned.phone_number for owned in numbers.list_purchased_phone_numbers()]
    step("listed", listed)
    assert number in listed, listed
    owned = numbers.get_purchased_phone_number(number)
    step("owned", (owned.id, owned.country_code, owned.phone_number_type, str(owned.purchase_date)))
    assert owned.phone_number == number and owned.cost.billing_frequency == "monthly"
    try:
        numbers.get_purchased_phone_number("+12125559999")
    except ResourceNotFoundError as error:
        step("a foreign number is not found", error.error.code if error.error else error.message)
    else:
        sys.exit("a foreign number was found")


def route(sip):
    """Trunks and voice routes, set and read back, and the mistakes that are refused."""
    sip.set_trunks([SipTrunk(fqdn=fqdn, sip_signaling_port=port) for fqdn, port in TRUNKS.items()])
    trunks = {trunk.fqdn: trunk.sip_signaling_port for trunk in sip.list_trunks()}
    step("trunks", trunks)
    assert trunks == TRUNKS, trunks
    routes = [
        SipTrunkRoute(name="us", description="+1", number_pattern=r"^\+1(\d{10})$", trunks=["sbc1.official-sdk.test"]),
        SipTrunkRoute(name="rest", number_pattern=r"^\+\d+$", trunks=list(TRUNKS)),
    ]
    sip.set_routes(routes)
    names = [entry.name for entry in sip.list_routes()]
    step("routes", names)
    assert names == ["us", "rest"], names
    try:
        sip.set_routes([SipTrunkRoute(name="lost", number_pattern=".*", trunks=["missing.official-sdk.test"])])
    except HttpResponseError as error:
        step("a missing trunk is refused", (error.status_code, error.error.code if error.error else error.message))
        assert error.status_code == 422, error
    else:
        sys.exit("a route to a missing trunk was taken")
    sip.set_routes(routes[:1])
    sip.set_trunk(SipTrunk(fqdn="sbc2.official-sdk.test", sip_signaling_port=5070))
    assert sip.get_trunk("sbc2.official-sdk.test").sip_signaling_port == 5070
    sip.delete_trunk("sbc2.official-sdk.test")
    left = [trunk.fqdn for trunk in sip.list_trunks()]
    step("trunks left", left)
    assert left == ["sbc1.official-sdk.test"], left


def refuse(connection):
    """A wrong key is refused as the SDK expects it."""
    head, _ = connection.rsplit("accesskey=", 1)
    wrong = PhoneNumbersClient.from_connection_string(head + "accesskey=" + "A" * 43 + "=")
    try:
        list(wrong.list_purchased_phone_numbers())
    except ClientAuthenticationError as error:
        step("a wrong key is refused", error.status_code)
    else:
        sys.exit("a wrong key was taken")


def main():
    connection = os.environ["CONNECTION_STRING"]
    numbers = PhoneNumbersClient.from_connection_string(connection)
    sip = SipRoutingClient.from_connection_string(connection)
    browse(numbers)
    number = buy(numbers)
    look(numbers, number)
    change(numbers, number)
    route(sip)
    refuse(connection)
    release = numbers.begin_release_phone_number(number)
    release.result()
    assert release.status().lower() == "succeeded", release.status()
    print(f"released: {number}")


if __name__ == "__main__":
    main()
