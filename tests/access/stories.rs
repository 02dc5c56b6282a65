//! The stories of a consent, and the stories of a relay. Each pair of them is a world, which `worlds.rs` makes; the tables say what must hold
//! in it on the day after. They are written by hand from docs/domain.md and the ADRs.
//!
//! The sheet is recorded at 福祉まるごと相談課, the *origin*. What the consent of the first day covers is relayed to the *receiver*,
//! くらしとしごとの相談センター, which may pass it on to 保健センター (*onward*). 納税課 is an *other* agency of the same municipality.

/// The consents. A story begins with version 1, under which everything is relayed; the rest of the story happens afterwards.
///
/// - `told`: what version 1 covers and each relay tells: `five`, `few` or `all`.
/// - `closes`: which of these sections have closed to the receiver since then (`all`, or a list), and `why`.
/// - `onward`: whether the same has closed to an onward receiver (`same`) or nothing has (`-`).
/// - `line`: the states of the versions, newest first.
/// - `again`: the clauses that fail when the origin would tell the receiver the same again; `other`: … tell 納税課 the same;
///   `pass`: … the receiver, who has taken it on, would pass the same on to 保健センター.
/// - `report`: whether the receiver may report in words.
const CONSENTS: &str = "
    story                   told  closes                     why          onward  line                  again                 other                                     pass                                                           report

    as_given                five  -                          -            -       effective             -                     recipient_not_covered                     -                                                              yes
    few                     few   -                          -            -       effective             -                     recipient_not_covered                     onward_not_allowed                                             no
    everything              all   -                          -            -       effective             -                     recipient_not_covered                     -                                                              yes
    by_class                five  -                          -            -       effective             -                     recipient_excluded                        -                                                              yes
    refused                 five  -                          -            -       refused,superseded    refused               refused                                   refused                                                        yes
    deferred                five  -                          -            -       pending,effective     -                     recipient_not_covered                     -                                                              yes
    oral_waits              five  -                          -            -       pending,effective     -                     recipient_not_covered                     -                                                              yes
    oral_confirmed          five  -                          -            -       effective,superseded  section_not_covered   recipient_not_covered,section_not_covered section_not_covered                                            yes
    oral_denied             five  -                          -            -       pending,effective     -                     recipient_not_covered                     -                                                              yes
    replaced                five  -                          -            -       effective,superseded  recipient_not_covered -                                         section_not_covered,onward_not_allowed                         yes

    withdrawn               five  all                        withdrawn    same    withdrawn             withdrawn             withdrawn,recipient_not_covered           withdrawn,section_not_covered                                  no
    withdrawn_receiver      five  all                        withdrawn    -       effective             withdrawn             recipient_not_covered                     section_not_covered                                            no
    withdrawn_other         five  -                          -            -       effective             -                     withdrawn,recipient_not_covered           -                                                              yes
    withdrawn_sections      five  identity,contact           withdrawn    same    effective             withdrawn             withdrawn,recipient_not_covered           withdrawn,section_not_covered                                  yes
    withdrawn_both          five  identity                   withdrawn    -       effective             withdrawn             recipient_not_covered                     section_not_covered                                            yes
    withdrawn_piecemeal     five  all                        withdrawn    same    effective             withdrawn             withdrawn,recipient_not_covered           withdrawn,section_not_covered                                  no
    old_withdrawn           five  all                        withdrawn    same    effective,withdrawn   -                     recipient_not_covered                     section_not_covered                                            yes
    both_withdrawn          five  all                        withdrawn    same    withdrawn,withdrawn   withdrawn             withdrawn,recipient_not_covered           withdrawn,section_not_covered                                  no
    given_anew              five  all                        withdrawn    same    effective,withdrawn   -                     recipient_not_covered                     section_not_covered                                            yes

    expired                 five  all                        expired      same    expired               expired               expired,recipient_not_covered             expired,section_not_covered                                    no
    expired_refused         five  all                        expired      same    refused,superseded    refused               refused                                   refused                                                        no
    expired_deferred        five  all                        expired      same    pending,expired       pending               pending                                   pending                                                        no
    renewed                 five  -                          -            -       effective,superseded  -                     recipient_not_covered                     -                                                              yes
    renewed_by_class        five  -                          -            -       effective,superseded  -                     -                                         -                                                              yes
    renewed_few             five  contact,address,statement  expired      same    effective,superseded  section_not_covered   recipient_not_covered,section_not_covered section_not_covered                                            yes
    renewed_for_others      five  all                        expired      same    effective,superseded  recipient_not_covered -                                         section_not_covered,onward_not_allowed                         no
    renewed_excluding       five  all                        expired      -       effective,superseded  recipient_excluded    -                                         section_not_covered                                            no
    renewed_orally          five  all                        expired      same    pending,expired       witness_missing       witness_missing,recipient_not_covered     witness_missing,section_not_covered                            no
    renewed_for_later       five  all                        expired      same    effective,superseded  not_yet_effective     not_yet_effective,recipient_not_covered   not_yet_effective,section_not_covered                          no
    renewed_unchecked       five  all                        expired      same    effective,superseded  identity_unchecked    identity_unchecked,recipient_not_covered  identity_unchecked,section_not_covered                         no

    secret_address          five  address                    not_covered  same    effective             address_secret        recipient_not_covered,address_secret      section_not_covered                                            yes
    closed                  five  -                          -            -       effective             -                     -                                         -                                                              yes
    voided                  five  all                        voided       same    effective             -                     -                                         -                                                              yes
    none                    five  -                          -            -       -                     no_consent            no_consent                                -                                                              no
";

/// The relays. `asked` is the state in which its moves left the relay that is asked about; `first` is the state of an earlier relay to the
/// same receiver, and `child` that of a relay that the receiver sent on. `where` names the consent stories: `every`, or only some.
const RELAYS: &str = "
    story               asked      first     child     where

    none                -          -         -         every
    sent                sent       -         -         every
    received            received   -         -         every
    taken               accepted   -         -         every
    declined            declined   -         -         every
    returned            returned   -         -         every
    cancelled           cancelled  -         -         some
    reported            reported   -         -         every
    confirmed           closed     -         -         some
    passed_on           accepted   -         sent      every
    passed_on_taken     accepted   -         accepted  every

    accepted_unopened   accepted   -         -         some
    declined_opened     declined   -         -         some
    returned_opened     returned   -         -         some
    resent              sent       -         -         some
    resent_opened       received   -         -         some
    resent_taken        accepted   -         -         some
    cancelled_opened    cancelled  -         -         some
    cancelled_returned  cancelled  -         -         some
    second_chance       sent       declined  -         some
    second_beside       sent       accepted  -         some
    passed_on_opened    accepted   -         received  some
    passed_on_declined  accepted   -         declined  some
    passed_on_returned  accepted   -         returned  some
";

/// The consent stories that meet the relay stories `some`.
const SOME: [&str; 5] = ["as_given", "closed", "withdrawn", "expired", "voided"];

/// A row of the consents.
pub struct Consent {
    /// Its name.
    pub story: &'static str,
    /// What version 1 covers, and every relay tells.
    pub told: Vec<&'static str>,
    /// The sections of it that have closed to the receiver.
    pub closed: Vec<&'static str>,
    /// The reason, as the answers give it.
    pub why: &'static str,
    /// The sections of it that have closed to the onward receiver.
    pub closed_onward: Vec<&'static str>,
    /// The states of the versions, newest first.
    pub line: Vec<&'static str>,
    /// The clauses that fail when the receiver would be told again.
    pub again: Vec<&'static str>,
    /// The clauses that fail when another agency would be told.
    pub other: Vec<&'static str>,
    /// The clauses that fail when the receiver would pass it on.
    pub pass: Vec<&'static str>,
    /// Whether the receiver may report in words.
    pub report: bool,
}

/// A row of the relays.
pub struct Relay {
    /// Its name.
    pub story: &'static str,
    /// The state of the one that is asked about; none if there is none.
    pub asked: Option<&'static str>,
    /// The state of an earlier one to the same receiver.
    pub first: Option<&'static str>,
    /// The state of the one that the receiver sent on.
    pub child: Option<&'static str>,
    every: bool,
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let width = table.lines().nth(1).unwrap().split_whitespace().count();
    let words = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty());
    words.skip(1).inspect(move |words| assert_eq!(words.len(), width, "{words:?}"))
}

fn list(cell: &'static str) -> Vec<&'static str> {
    if cell == "-" { Vec::new() } else { cell.split(',').collect() }
}

/// Every section that there is.
pub const EVERY_SECTION: [&str; 14] = [
    "identity",
    "contact",
    "address",
    "household",
    "topics",
    "statement",
    "life",
    "arrears",
    "health",
    "risk",
    "opinion",
    "third_party",
    "history",
    "attachments",
];

fn consents() -> Vec<Consent> {
    let row = |words: Vec<&'static str>| {
        let [story, told, closes, why, onward, line, again, other, pass, report] = words.try_into().expect("ten cells");
        let told: Vec<_> = match told {
            "five" => vec!["identity", "contact", "address", "topics", "statement"],
            "few" => vec!["identity", "topics"],
            "all" => EVERY_SECTION.to_vec(),
            other => panic!("{other}"),
        };
        let closed = if closes == "all" { told.clone() } else { list(closes) };
        let why = match why {
            "withdrawn" => "同意の撤回",
            "expired" => "同意の期限切れ",
            "not_covered" => "同意の範囲外",
            "voided" => "シートの取消",
            "-" => "",
            other => panic!("{other}"),
        };
        let closed_onward = if onward == "same" { closed.clone() } else { Vec::new() };
        let (line, again, other, pass) = (list(line), list(again), list(other), list(pass));
        Consent { story, told, closed, why, closed_onward, line, again, other, pass, report: report == "yes" }
    };
    rows(CONSENTS).map(row).collect()
}

fn relays() -> Vec<Relay> {
    let state = |cell: &'static str| (cell != "-").then_some(cell);
    let row = |words: Vec<&'static str>| {
        let [story, asked, first, child, place] = words.try_into().expect("five cells");
        Relay { story, asked: state(asked), first: state(first), child: state(child), every: place == "every" }
    };
    rows(RELAYS).map(row).collect()
}

/// What a world is made of.
#[derive(Clone, Copy)]
pub struct Plot {
    /// What became of the consent.
    pub consent: &'static Consent,
    /// How far the relay came.
    pub relay: &'static Relay,
}

/// Every possible world: nothing is relayed without a consent, and no sheet is closed while a relay is under way.
pub fn plots() -> Vec<Plot> {
    let (consents, relays): (&'static [Consent], &'static [Relay]) = (consents().leak(), relays().leak());
    let all = consents.iter().flat_map(|consent| relays.iter().map(move |relay| Plot { consent, relay }));
    all.filter(|plot| {
        let over =
            matches!(plot.relay.asked, None | Some("declined" | "cancelled" | "closed")) && plot.relay.child.is_none();
        match plot.consent.story {
            "none" => plot.relay.asked.is_none(),
            "closed" => over,
            "few" => plot.relay.every && plot.relay.child.is_none(),
            story => plot.relay.every || SOME.contains(&story),
        }
    })
    .collect()
}
