// The official JavaScript SDKs, unmodified, against a tenant of Dialtone: over TLS with the local CA, or plain on the same port.
//
// Reads CONNECTION_STRING, and NODE_EXTRA_CA_CERTS where it says https. Prints one line per step, and fails at the first that
// does not behave as with the original service.
import assert from "node:assert/strict";
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
  const codes = await all(client.listAvailableTollFreeAreaCodes("US"));
  assert(codes.length > 0);
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

await numbers(new PhoneNumbersClient(connection, options));
await routing(new SipRoutingClient(connection, options));
await identity(new CommunicationIdentityClient(connection, options));
console.log("done");
