//! Numbers by the forms: search, buy, bind, release.

use crate::{buy, tenant};

#[test]
fn a_number_is_searched_bought_and_its_first_month_is_paid() {
    let browser = tenant("Portal Buyer");
    let page =
        browser.get("/app/numbers/search").expect(200).says("Sweden").says("toll-free, 2.00 USD a month");
    assert!(!page.text.contains("Held for you"));
    let form = [("country", "SE"), ("kind", "mobile"), ("area_code", ""), ("quantity", "2")];
    let asked = browser.send("/app/numbers/search", &form);
    let result = asked.clone().expect(303).location;
    let found = browser
        .follow(asked)
        .says("Held for you")
        .says("You have 10.00 USD available")
        .says("value=\"SE\" selected");
    let search = found.value_of("search");
    browser.get(&result).expect(200).says(&search);
    let bought = browser.send("/app/numbers/buy", &[("search", &search)]);
    let list = browser.follow(bought.clone()).says("Bought.").says("+4670174").says("nowhere");
    assert_eq!(list.text.matches("href=\"/app/numbers/+46").count(), 2);
    browser.get("/app").expect(200).says("8.00 <small>USD");
    let again = browser.send("/app/numbers/buy", &[("search", &search)]);
    assert!([303, 404, 409].contains(&again.status), "{}", again.text);
    browser.get("/app").expect(200).says("8.00 <small>USD");
}

#[test]
fn more_than_the_money_covers_is_not_sold_and_the_page_says_what_is_missing() {
    let browser = tenant("Portal Poor");
    browser.get("/app/numbers/search").expect(200);
    let form = [("country", "US"), ("kind", "tollFree"), ("area_code", ""), ("quantity", "6")];
    let asked = browser.send("/app/numbers/search", &form);
    if asked.status == 303 {
        let search = browser.follow(asked).value_of("search");
        browser
            .send("/app/numbers/buy", &[("search", &search)])
            .expect(402)
            .says("role=\"alert\"")
            .says("Held for you");
    } else {
        asked.expect(409).says("role=\"alert\"");
    }
    browser.get("/app/numbers").expect(200).says("You have no numbers yet");
}

#[test]
fn a_search_that_asks_for_nonsense_keeps_what_was_typed() {
    let browser = tenant("Portal Nonsense");
    browser.get("/app/numbers/search").expect(200);
    for (kind, area, quantity) in [("geographic", "", "0"), ("geographic", "", "999"), ("carrots", "", "1")] {
        let form = [("country", "GB"), ("kind", kind), ("area_code", area), ("quantity", quantity)];
        let page = browser.send("/app/numbers/search", &form);
        assert!((400..500).contains(&page.status), "{}", page.status);
        page.says("role=\"alert\"").says("value=\"GB\" selected").says(&format!("value=\"{quantity}\""));
    }
}

#[test]
fn a_number_is_bound_to_a_user_then_forwarded_then_released() {
    let browser = tenant("Portal Binder");
    let number = buy(&browser, "GB", "geographic");
    let path = format!("/app/numbers/{number}");
    browser.get("/app/users").expect(200);
    browser.send("/app/users", &[("username", "anna"), ("display_name", "Anna")]).leads_to("/app/users");
    browser.get(&path).expect(200).says("option value=\"none\" selected").says("user anna");
    let page = browser.follow(browser.send(&path, &[("to", "user:anna"), ("forward", "")]));
    page.says("Saved. The next call goes there.").says("value=\"user:anna\" selected");
    let wrong = browser.send(&path, &[("to", "forward"), ("forward", "0123")]).expect(400);
    wrong.says("role=\"alert\"").says("value=\"0123\"").says("value=\"forward\" selected");
    browser.send(&path, &[("to", "user:nobody"), ("forward", "")]).says("role=\"alert\"");
    browser.send(&path, &[("to", "forward"), ("forward", "+12065550100")]).leads_to(&path);
    browser.get("/app/numbers").expect(200).says("forward to +12065550100");
    let page = browser.follow(browser.send(&format!("{path}/release"), &[]));
    page.says("Released.").says(">released<").says_not("data-confirm=\"Release");
}

#[test]
fn numbers_are_chosen_one_by_one_held_and_bought_together() {
    let browser = tenant("Portal Chooser");
    let look = "country=AU&kind=geographic&prefix=";
    let page = browser.get(&format!("/app/numbers/cart?{look}")).expect(200).says_not("Held for you");
    // The last one shown: others buy at the same time, and from the front.
    let offered = |text: &str| {
        let numbers = text.split("name=\"number\" value=\"").skip(1);
        numbers.filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let offers = offered(&page.text);
    assert!(offers.len() > 10 && offers.iter().all(|number| number.starts_with("+612")), "{offers:?}");
    let [.., first, second, third] = offers.as_slice() else { panic!("{offers:?}") };
    for number in [first, second, third] {
        let added = browser.send("/app/numbers/cart", &[("number", number), ("back", look)]);
        browser.follow(added).says("It is held for you.").says("Held for you").says(number);
    }
    let gone = browser.send("/app/numbers/cart/remove", &[("number", third), ("back", look)]);
    let page = browser.follow(gone).says("Buy for 2.00 USD").says("You have 10.00 USD available");
    let reservation = page.value_of("reservation");
    let wrong = browser.send("/app/numbers/cart", &[("number", "+12065550100"), ("back", look)]);
    assert!((400..500).contains(&wrong.status), "{}", wrong.status);
    wrong.says("role=\"alert\"").says("Held for you");
    let bought = browser.send("/app/numbers/cart/buy", &[("reservation", &reservation)]);
    let list = browser.follow(bought).says("Bought.");
    assert!([first, second].into_iter().all(|number| list.text.contains(number.as_str())), "{}", list.text);
    let again = browser.send("/app/numbers/cart", &[("number", third), ("back", look)]);
    let page = browser.follow(again).says("Held for you");
    let other = page.value_of("reservation");
    assert_ne!(other, reservation, "what was bought is over");
    browser
        .follow(browser.send("/app/numbers/cart/empty", &[("reservation", &other)]))
        .says_not("Held for you");
    browser.get("/app").expect(200).says("8.00 <small>USD");
}
