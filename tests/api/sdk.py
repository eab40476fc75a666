"""Every method of the official Python clients of numbers and of SIP routing, unmodified, against a tenant of Dialtone.

Reads CONNECTION_STRING; the first argument is `sync` or `async`, the second `tls` (by connection string, which always means https;
REQUESTS_CA_BUNDLE and SSL_CERT_FILE name the local CA) or `plain` (by address and key, on the same port). Prints one line per step, fails at
the first that does not behave as with the original service, and at the end where a public method was never called.
"""

import asyncio
import inspect
import os
import random
import sys
import uuid

from azure.communication.phonenumbers import (
    AvailablePhoneNumber,
    OperatorInformationOptions,
    PhoneNumberAssignmentType,
    PhoneNumberCapabilities,
    PhoneNumberCapabilityType,
    PhoneNumbersClient,
    PhoneNumberType,
)
from azure.communication.phonenumbers.aio import PhoneNumbersClient as AsyncPhoneNumbersClient
from azure.communication.phonenumbers.siprouting import SipRoutingClient, SipTrunk, SipTrunkRoute
from azure.communication.phonenumbers.siprouting.aio import SipRoutingClient as AsyncSipRoutingClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)

COUNTRY = "US"
# What a client is made by: the mode of the run says which.
MAKERS = {"from_connection_string"}


class Watched:
    """A client of which it is known which methods were called."""

    def __init__(self, client):
        self.client = client
        self.called = set()

    def __getattr__(self, name):
        self.called.add(name)
        return getattr(self.client, name)

    def never_called(self):
        public = {name for name, _ in inspect.getmembers(type(self.client), callable) if not name.startswith("_")}
        assert len(public) > 5, public
        return public - MAKERS - self.called


async def value(given):
    """What is given, now or after a while."""
    return await given if inspect.isawaitable(given) else given


async def every(pages):
    """All items of a paged list."""
    pages = await value(pages)
    return [one async for one in pages] if hasattr(pages, "__aiter__") else list(pages)


async def done(begun):
    """The result of a long-running operation, which must succeed."""
    poller = await value(begun)
    result = await value(poller.result())
    assert poller.status().lower() == "succeeded", poller.status()
    return result


async def refused(error_type, call):
    """The error with which a call is refused."""
    try:
        made = await value(call())
        if hasattr(made, "__aiter__") or hasattr(made, "by_page"):
            await every(made)
    except error_type as error:
        return error
    sys.exit(f"{error_type.__name__} was expected")


def step(name, found):
    """Says what was found, and stops where it is nothing."""
    print(f"{name}: {found}")
    if not found:
        sys.exit(f"{name}: nothing was found")


async def browse(numbers):
    """What is for sale, over paged lists and filters."""
    countries = {country.country_code for country in await every(numbers.list_available_countries())}
    step("countries", COUNTRY in countries and sorted(countries))
    offers = await every(numbers.list_available_offerings(COUNTRY))
    step("offerings", [(o.phone_number_type, o.assignment_type, o.cost.amount) for o in offers])
    localities = await every(numbers.list_available_localities(COUNTRY))
    step("localities", [place.localized_name for place in localities])
    ours = await every(
        numbers.list_available_localities(COUNTRY, administrative_division="NY", phone_number_type="geographic")
    )
    assert [place.administrative_division.abbreviated_name for place in ours] == ["NY"], ours
    codes = await every(
        numbers.list_available_area_codes(
            COUNTRY, PhoneNumberType.TOLL_FREE, assignment_type=PhoneNumberAssignmentType.APPLICATION
        )
    )
    assert [code.area_code for code in codes] == ["800"], codes
    codes = await every(
        numbers.list_available_area_codes(
            COUNTRY, "geographic", assignment_type="person", locality="New York City", administrative_division="NY"
        )
    )
    step("area codes", [code.area_code for code in codes] == ["212"])


async def buy(numbers):
    """Search, which holds a number, and purchase of it."""
    capabilities = PhoneNumberCapabilities(
        calling=PhoneNumberCapabilityType.INBOUND_OUTBOUND, sms=PhoneNumberCapabilityType.NONE
    )
    found = await done(
        numbers.begin_search_available_phone_numbers(
            COUNTRY, PhoneNumberType.GEOGRAPHIC, PhoneNumberAssignmentType.APPLICATION, capabilities, polling_interval=0.1
        )
    )
    step("found", (found.search_id, found.phone_numbers, found.cost.amount, str(found.search_expires_by)))
    assert len(found.phone_numbers) == 1 and found.cost.currency_code == "USD", found
    await done(numbers.begin_purchase_phone_numbers(found.search_id, agree_to_not_resell=True, polling_interval=0.1))
    none_left = await refused(
        HttpResponseError,
        lambda: done(
            numbers.begin_search_available_phone_numbers(
                COUNTRY, "geographic", "application", capabilities, area_code="212", quantity=500, polling_interval=0.1
            )
        ),
    )
    step("too many are out of stock", none_left.error.code == "OutOfStock")
    unsold = await refused(
        HttpResponseError,
        lambda: numbers.begin_search_available_phone_numbers(COUNTRY, "tollFree", "person", capabilities),
    )
    step("what no plan sells is refused", (unsold.status_code, unsold.error.code) == (400, "InternalError"))
    return found.phone_numbers[0]


async def change(numbers, number):
    """What a number does, changed and read back."""
    changed = await done(
        numbers.begin_update_phone_number_capabilities(
            number, calling=PhoneNumberCapabilityType.INBOUND, polling_interval=0.1
        )
    )
    step("changed", (changed.phone_number, changed.capabilities.calling))
    assert changed.capabilities.calling == PhoneNumberCapabilityType.INBOUND
    error = await refused(
        HttpResponseError, lambda: numbers.begin_update_phone_number_capabilities(number, sms="inbound+outbound")
    )
    step("unsupported capabilities are refused", (error.status_code, error.error.code) == (400, "InvalidInput"))
    assert "Unsupported capabilities requested" in error.error.message, error.error.message


async def look(numbers, number):
    """The number is listed and can be asked for; another is not there."""
    listed = [owned.phone_number for owned in await every(numbers.list_purchased_phone_numbers())]
    step("listed", listed)
    assert number in listed, listed
    owned = await value(numbers.get_purchased_phone_number(number))
    step("owned", (owned.id, owned.country_code, owned.phone_number_type, str(owned.purchase_date)))
    assert owned.phone_number == number and owned.cost.billing_frequency == "monthly"
    missing = await refused(ResourceNotFoundError, lambda: numbers.get_purchased_phone_number("+12125559999"))
    step("a foreign number is not found", missing.error.message == "Input phoneNumber +12125559999 cannot be found.")


async def reserve(numbers):
    """Numbers chosen one by one, with one that is not to be had; bought together."""
    offered = await value(
        numbers.browse_available_phone_numbers(
            country_code="GB", phone_number_type=PhoneNumberType.MOBILE,
            calling_capability=PhoneNumberCapabilityType.INBOUND,
            assignment_type=PhoneNumberAssignmentType.APPLICATION, phone_number_prefixes=["7700"],
        )
    )
    chosen = random.sample(offered.phone_numbers, 13)
    step("browsed", [one.phone_number for one in chosen])
    name = str(uuid.uuid4())
    # Others buy at the same time: what somebody was quicker with says so, and two of the rest are kept.
    made = await value(numbers.create_or_update_reservation(reservation_id=name, numbers_to_add=chosen[:12]))
    held = [key for key, one in made.phone_numbers.items() if one.status == "reserved"]
    assert made.id == name and made.status == "active" and len(held) >= 2, made
    made = await value(numbers.create_or_update_reservation(reservation_id=name, numbers_to_remove=held[2:]))
    assert sorted(made.phone_numbers) == sorted(held[:2]), made.phone_numbers
    lost = AvailablePhoneNumber(
        country_code="US", phone_number_type="geographic", assignment_type="application",
        capabilities=PhoneNumberCapabilities(calling="inbound", sms="none"),
    )
    lost.id = "12065550100"
    partly = await value(numbers.create_or_update_reservation(reservation_id=name, numbers_to_add=[lost]))
    wrong = partly.phone_numbers["12065550100"]
    step("not to be had", (wrong.status, wrong.error.code) == ("error", "FailedToReserveNumber"))
    listed = [one for one in await every(numbers.list_reservations()) if one.id == name]
    assert len(listed) == 1 and not listed[0].phone_numbers, listed
    await done(numbers.begin_purchase_reservation(name, agree_to_not_resell=True, polling_interval=0.1))
    over = await value(numbers.get_reservation(name))
    step("reserved and bought", over.status == "completed" and sorted(over.phone_numbers))
    assert {one.status for one in over.phone_numbers.values()} == {"purchased"}, over.phone_numbers
    await refused(ResourceExistsError, lambda: numbers.delete_reservation(name))
    second = str(uuid.uuid4())
    await value(numbers.create_or_update_reservation(reservation_id=second, numbers_to_add=chosen[12:13]))
    await value(numbers.delete_reservation(second))
    await refused(ResourceNotFoundError, lambda: numbers.get_reservation(second))


async def lookup(numbers):
    """How a number is written, and what is known of it."""
    brief = await value(numbers.search_operator_information("+12125550100"))
    assert [one.national_format for one in brief.values] == ["(212) 555-0100"], brief
    assert brief.values[0].number_type is None and brief.values[0].operator_details is None
    full = await value(
        numbers.search_operator_information(
            ["+447700900000"], options=OperatorInformationOptions(include_additional_operator_details=True)
        )
    )
    one = full.values[0]
    step("looked up", (one.international_format, one.iso_country_code, one.number_type, one.operator_details.name))
    assert (one.iso_country_code, one.number_type, one.operator_details.name) == ("GB", "mobile", "sandbox")


async def route(sip, domain):
    """Trunks and voice routes, set and read back, and the mistakes that are refused."""
    wanted = {f"sbc1.{domain}": 5061, f"sbc2.{domain}": 5062}
    await value(sip.set_trunks([SipTrunk(fqdn=fqdn, sip_signaling_port=port) for fqdn, port in wanted.items()]))
    trunks = {trunk.fqdn: trunk.sip_signaling_port for trunk in await every(sip.list_trunks())}
    step("trunks", trunks == wanted)
    routes = [
        SipTrunkRoute(name="us", description="+1", number_pattern=r"^\+1(\d{10})$", trunks=[f"sbc1.{domain}"]),
        SipTrunkRoute(name="rest", number_pattern=r"^\+\d+$", trunks=list(wanted)),
    ]
    await value(sip.set_routes(routes))
    names = [entry.name for entry in await every(sip.list_routes())]
    step("routes", names == ["us", "rest"])
    lost = SipTrunkRoute(name="lost", number_pattern=".*", trunks=[f"missing.{domain}"])
    error = await refused(HttpResponseError, lambda: sip.set_routes([lost]))
    step("a missing trunk is refused", (error.status_code, error.error.code) == (422, "UnprocessableConfiguration"))
    await value(sip.set_routes(routes[:1]))
    await value(sip.set_trunk(SipTrunk(fqdn=f"sbc2.{domain}", sip_signaling_port=5070)))
    assert (await value(sip.get_trunk(f"sbc2.{domain}"))).sip_signaling_port == 5070
    await value(sip.delete_trunk(f"sbc2.{domain}"))
    left = [trunk.fqdn for trunk in await every(sip.list_trunks())]
    step("trunks left", left == [f"sbc1.{domain}"])


def make(kind, connection, mode):
    """A client, over TLS or in the clear."""
    endpoint, key = connection.removeprefix("endpoint=").split(";accesskey=")
    if mode == "tls":
        return kind.from_connection_string(connection)
    return kind(endpoint.replace("https:", "http:"), AzureKeyCredential(key))


async def main(flow, mode):
    connection = os.environ["CONNECTION_STRING"]
    kinds = (PhoneNumbersClient, SipRoutingClient) if flow == "sync" else (AsyncPhoneNumbersClient, AsyncSipRoutingClient)
    numbers, sip = (Watched(make(kind, connection, mode)) for kind in kinds)
    await browse(numbers)
    number = await buy(numbers)
    await look(numbers, number)
    await change(numbers, number)
    await reserve(numbers)
    await lookup(numbers)
    await route(sip, f"official-{flow}-{mode}.test")
    wrong = make(kinds[0], connection.split("accesskey=")[0] + "accesskey=" + "A" * 43 + "=", mode)
    error = await refused(ClientAuthenticationError, wrong.list_purchased_phone_numbers)
    step("a wrong key is refused", error.status_code == 401)
    await done(numbers.begin_release_phone_number(number, polling_interval=0.1))
    for client in (numbers, sip, Watched(wrong)):
        if hasattr(client.client, "close"):
            await value(client.close())
    for client in (numbers, sip):
        missed = client.never_called()
        assert not missed, f"never called: {sorted(missed)}"
    print(f"released: {number}, and every method was called")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
