// The official JavaScript SDKs, unmodified, against a tenant of Dialtone: over TLS with the local CA, or plain on the same port.
//
// Reads CONNECTION_STRING, and NODE_EXTRA_CA_CERTS where it says https. Prints one line per step, and fails at the first that
// does not behave as with the original service.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The packages stand in a directory of their own, which the test names.
const packages = createRequire(pathToFileURL(`${process.env.TEST_SDK_NODE}/package.json`));
const { PhoneNumbersClient, SipRoutingClient } = packages("@azure/communication-phone-numbers");
const { CommunicationIdentityClient } = packages("@azure/communication-identity");

const connection = process.env.CONNECTION_STRING;
// A trunk has one owner: both runs have names of their own.
const domain = connection.includes("endpoint=http:") ? "official-js-plain.test" : "official-js-tls.test";
const options = { allowInsecureConnection: connection.includes("endpoint=http:") };

/// Which public methods of a client were never called. What its declaration calls private is no method of the client.
function watch(client, internal) {
  const methods = Object.getOwnPropertyNames(client.prototype);
  const left = new Set(methods.filter((name) => name !== "constructor" && !internal.includes(name)));
  assert(left.size > 5, [...left].join());
  for (const name of [...left]) {
    const method = client.prototype[name];
    client.prototype[name] = function (...args) {
      left.delete(name);
      return method.apply(this, args);
    };
  }
  return () => assert.deepEqual([...left], [], "never called");
}

async function all(pages) {
  const found = [];
  for await (const one of pages) found.push(one);
  return found;
}

/// What a call is refused with.
async function refused(status, call) {
  const error = await call.then(
    () => assert.fail("it was not refused"),
    (error) => error,
  );
  assert.equal(error.statusCode, status, String(error));
}

async function numbers(client) {
  const countries = await all(client.listAvailableCountries());
  assert(countries.some((country) => country.countryCode === "US"));
  const offers = await all(client.listAvailableOfferings("US"));
  assert(offers.length > 0 && offers[0].cost.amount > 0);
  const toll = await all(client.listAvailableTollFreeAreaCodes("US"));
  assert.deepEqual(toll.map((one) => one.areaCode), ["800"]);
  const codes = await all(client.listAvailableGeographicAreaCodes("US", { locality: "Boston" }));
  assert.deepEqual(codes.map((one) => one.areaCode), ["617"]);
  assert.deepEqual(await all(client.listAvailableMobileAreaCodes("GB")), []);
  const places = await all(client.listAvailableLocalities("US", { administrativeDivision: "NY" }));
  assert.deepEqual(places.map((place) => place.localizedName), ["New York City"]);
  const search = await client.beginSearchAvailablePhoneNumbers({
    countryCode: "US",
    phoneNumberType: "geographic",
    assignmentType: "application",
    capabilities: { calling: "inbound+outbound", sms: "none" },
  });
  const found = await search.pollUntilDone();
  assert.equal(found.phoneNumbers.length, 1);
  await (await client.beginPurchasePhoneNumbers(found.searchId)).pollUntilDone();
  const number = found.phoneNumbers[0];
  const owned = await all(client.listPurchasedPhoneNumbers());
  assert(owned.some((one) => one.phoneNumber === number));
  const one = await client.getPurchasedPhoneNumber(number);
  assert.equal(one.cost.billingFrequency, "monthly");
  await refused(404, client.getPurchasedPhoneNumber("+12125559999"));
  const change = await client.beginUpdatePhoneNumberCapabilities(number, { calling: "inbound" });
  assert.equal((await change.pollUntilDone()).capabilities.calling, "inbound");
  const offered = await client.browseAvailablePhoneNumbers(
    { countryCode: "US", phoneNumberType: "tollFree" },
    { capabilities: { calling: "inbound" }, assignmentType: "application", phoneNumberPrefixes: ["800"] },
  );
  assert(offered.phoneNumbers.every((one) => one.phoneNumber.startsWith("+1800")));
  await (await client.beginReleasePhoneNumber(number)).pollUntilDone();
  console.log("numbers: bought and released", number);
}

async function reservations(client) {
  const offered = await client.browseAvailablePhoneNumbers({ countryCode: "GB", phoneNumberType: "mobile" });
  const reservationId = randomUUID();
  const shuffled = offered.phoneNumbers.map((one) => [Math.random(), one]).sort(([a], [b]) => a - b);
  const chosen = shuffled.slice(0, 12).map(([, one]) => one).map((one) => ({ ...one, assignmentType: "application" }));
  const made = await client.createOrUpdateReservation({ reservationId }, { add: chosen });
  // Others buy at the same time: what somebody was quicker with says so.
  const held = Object.values(made.phoneNumbers).filter((one) => one.status === "reserved");
  assert(made.id === reservationId && made.status === "active" && held.length >= 2, JSON.stringify(made));
  const lost = { ...chosen[0], id: "12065550100", countryCode: "US", phoneNumberType: "geographic" };
  const change = { add: [lost], remove: held.slice(2).map((one) => one.id) };
  const partly = await client.createOrUpdateReservation({ reservationId }, change);
  assert.equal(partly.phoneNumbers["12065550100"].error.code, "FailedToReserveNumber");
  const listed = await all(client.listReservations());
  assert.deepEqual(listed.map((one) => one.id), [reservationId]);
  await (await client.beginReservationPurchase(reservationId)).pollUntilDone();
  const over = await client.getReservation(reservationId);
  assert.equal(over.status, "completed");
  assert.deepEqual(Object.values(over.phoneNumbers).map((one) => one.status), ["purchased", "purchased"]);
  await refused(409, client.deleteReservation(reservationId));
  const empty = randomUUID();
  await client.createOrUpdateReservation({ reservationId: empty });
  await client.deleteReservation(empty);
  await refused(404, client.getReservation(empty));
  const known = await client.searchOperatorInformation(["+442079460000"], { includeAdditionalOperatorDetails: true });
  assert.equal(known.values[0].internationalFormat, "+44 20 7946 0000");
  assert.equal(known.values[0].numberType, "geographic");
  console.log("reservations: made, bought and deleted");
}

async function routing(client) {
  const trunks = [
    { fqdn: `sbc1.${domain}`, sipSignalingPort: 5061 },
    { fqdn: `sbc2.${domain}`, sipSignalingPort: 5062 },
  ];
  await client.setTrunks(trunks);
  const fqdns = (await all(client.listTrunks())).map((trunk) => trunk.fqdn);
  assert.deepEqual(fqdns.sort(), trunks.map((trunk) => trunk.fqdn));
  await client.setRoutes([{ name: "us", numberPattern: "^\\+1(\\d{10})$", trunks: [`sbc1.${domain}`] }]);
  assert.deepEqual((await all(client.listRoutes())).map((route) => route.name), ["us"]);
  await refused(422, client.setRoutes([{ name: "lost", numberPattern: ".*", trunks: [`missing.${domain}`] }]));
  await client.setTrunk({ fqdn: `sbc2.${domain}`, sipSignalingPort: 5070 });
  assert.equal((await client.getTrunk(`sbc2.${domain}`)).sipSignalingPort, 5070);
  await client.deleteTrunk(`sbc2.${domain}`);
  assert.equal((await all(client.listTrunks())).length, 1);
  await client.setRoutes([]);
  await client.setTrunks([]);
  console.log("routing: set and taken away");
}

async function identity(client) {
  const user = await client.createUser();
  assert(user.communicationUserId.startsWith("8:acs:"));
  const made = await client.createUserAndToken(["voip"], { tokenExpiresInMinutes: 60 });
  const left = made.expiresOn - Date.now();
  assert(left > 59 * 60_000 && left <= 60 * 60_000, String(made.expiresOn));
  const token = await client.getToken(user, ["voip", "chat"]);
  assert.equal(token.token.split(".").length, 3);
  await refused(400, client.getToken(user, ["voip"], { tokenExpiresInMinutes: 59 }));
  await client.revokeTokens(user);
  await refused(403, client.getTokenForTeamsUser({ teamsUserAadToken: "t", clientId: "c", userObjectId: "u" }));
  await client.deleteUser(user);
  await refused(404, client.getToken(user, ["voip"]));
  await client.deleteUser(made.user);
  console.log("identity: made and deleted");
}

const helpers = ["addPhoneNumbersToReservation", "removePhoneNumbersFromReservation"];
const numbersDone = watch(PhoneNumbersClient, helpers);
const routingDone = watch(
  SipRoutingClient,
  Object.getOwnPropertyNames(SipRoutingClient.prototype).filter((name) => /Internal$|Paging(All|Page)$/.test(name)),
);
await numbers(new PhoneNumbersClient(connection, options));
await reservations(new PhoneNumbersClient(connection, options));
await routing(new SipRoutingClient(connection, options));
await identity(new CommunicationIdentityClient(connection, options));
numbersDone();
routingDone();
console.log("done");
