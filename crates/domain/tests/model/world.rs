//! The domain, played with the same steps.

use super::*;

pub(crate) const SECTIONS: [Section; 6] =
    [Section::Identity, Section::Address, Section::Topics, Section::Statement, Section::Health, Section::History];
/// Written wherever free text is possible; no event may show it.
pub(crate) const WORDS: &str = "ひみつ";

pub(crate) fn id(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + (kind << 32) + number as u128)
}

pub(crate) fn agency_id(index: usize) -> AgencyId {
    AgencyId(id(1, index))
}

pub(crate) fn staff_id(person: usize) -> StaffId {
    StaffId(id(2, person))
}

pub(crate) fn day(number: i32) -> Day {
    let first = jiff::civil::date(2026, 11, 20);
    Day(first.checked_add(jiff::Span::new().days(number)).unwrap())
}

pub(crate) fn sections(bits: Bits) -> Sections {
    (0..6).filter(|s| has(bits, *s)).map(|s| SECTIONS[s]).collect()
}

pub(crate) fn bits(sections: &Sections) -> Bits {
    (0..6).filter(|s| sections.contains(&SECTIONS[*s])).fold(0, |bits, s| bits | 1 << s)
}

pub(crate) fn agencies(bits: Bits) -> BTreeSet<AgencyId> {
    (0..5).filter(|a| has(bits, *a)).map(agency_id).collect()
}

pub(crate) fn directory() -> Vec<Agency> {
    let class = [AgencyClass::Ward, AgencyClass::Ward, AgencyClass::Npo, AgencyClass::Ward, AgencyClass::Medical];
    let agency = |index: usize| Agency {
        id: agency_id(index),
        municipality_id: MunicipalityId(id(0, usize::from(index == ABROAD))),
        class: class[index],
        active_from: day(-1000),
        active_until: (index == 3).then(|| day(12)),
        agreement: (index == 2).then(|| Agreement {
            number: "1".to_owned(),
            valid_from: day(-1000),
            valid_until: day(40),
        }),
        confirmed: true,
    };
    (0..5).map(agency).collect()
}

pub(crate) fn content(whole: bool) -> Content {
    let mut content = json!({
        "identity": {"family_name": WORDS, "identity_level": "verified"}, "address": {"full": WORDS},
        "topics": {"codes": ["03"], "main": "03"}, "statement": {"subject_words": WORDS}, "health": {"note": WORDS},
    });
    if whole {
        content["risk"] = json!({"flags": []});
    }
    serde_json::from_value::<Value>(content).and_then(|c| serde_json::from_str(&c.to_string())).unwrap()
}

pub(crate) struct World {
    pub(crate) case: Case,
    pub(crate) content: Content,
    pub(crate) directory: Vec<Agency>,
    pub(crate) key: CommitKey,
    pub(crate) clock: i64,
    pub(crate) made: usize,
    pub(crate) head: Head,
    pub(crate) verifier: Verifier,
    pub(crate) lines: u64,
}

pub(crate) fn private(text: &str) -> Personal<String> {
    Personal::new(text.to_owned())
}

pub(crate) fn reception(secret: bool, at: Instant) -> Reception {
    Reception {
        received_at: Some(at.min(Instant::at_midnight(day(0).0))),
        channel: Some(Channel::Visit),
        route: Some(Route::SelfVisit),
        urgency: Some(Urgency::Normal),
        address_secret: if secret { AddressSecret::DvMeasure } else { AddressSecret::None },
    }
}

pub(crate) const NUMBER: SheetNumber = SheetNumber { fiscal_year: 2026, serial: 1 };

impl World {
    pub(crate) fn actor(&self, person: usize, today: i32) -> Actor {
        Actor {
            principal: Principal::Staff {
                staff_id: staff_id(person),
                session_id: SessionId(id(3, person)),
                post_id: PostId(id(4, person)),
                role: if person % 2 == 1 { Role::Manager } else { Role::Counter },
            },
            agency_id: agency_id(person / 2),
            municipality_id: MunicipalityId(id(0, 0)),
            at: Instant::at_midnight(day(today).0).plus_seconds(9 * 3600 + self.clock),
        }
    }

    pub(crate) fn next(&mut self, kind: u128) -> Uuid {
        self.made += 1;
        id(kind, self.made)
    }

    pub(crate) fn entry(&mut self, section: Section, actor: &Actor, occurred_at: Instant) -> Entry {
        Entry {
            id: EntryId(self.next(9)),
            sheet_id: self.case.sheet.id,
            agency_id: actor.agency_id,
            staff_id: actor.staff_id(),
            occurred_at,
            method: EntryMethod::Other,
            section,
            text: private(WORDS),
            recorded_at: actor.at,
        }
    }

    pub(crate) fn consent_id(&self, index: u8) -> ConsentId {
        self.case.consents.get(usize::from(index)).map_or(ConsentId(id(99, 0)), |c| c.id)
    }

    pub(crate) fn relay_id(&self, index: usize) -> RelayId {
        self.case.relays.get(index).map_or(RelayId(id(99, 1)), |r| r.id)
    }

    fn basis(&self, ground: Ground) -> Basis {
        match ground {
            Ground::Consent(index) => {
                Basis::Consent(self.case.consents.get(index).map_or(ConsentId(id(99, 0)), |it| it.id))
            }
            Ground::Exception(index) => Basis::Exception(self.exception_id(index)),
        }
    }

    pub(crate) fn exception_id(&self, index: usize) -> ExceptionId {
        self.case.exceptions.get(index).map_or(ExceptionId(id(99, 2)), |it| it.id)
    }

    /// Plays what happens to an exception. `None`: not permitted.
    fn play_exception(&mut self, actor: &Actor, agency: &Agency, deed: &Deed) -> Option<Result<Outcome, Refusal>> {
        use domain::permit::{Op, op};
        let case = self.case.clone();
        let may = |operation, relation| permit(&actor.principal, operation, relation) == Permit::Allowed;
        Some(match deed {
            Deed::Except { to, sections: what, emergency } => {
                if !may(op::RequestException::OPERATION, case.relation(actor.agency_id)) {
                    return None;
                }
                let reasons = Reasons {
                    code: ExceptionCode::E7,
                    to_agency_id: agency_id(usize::from(*to)),
                    sections: sections(if *what == 0 { 1 } else { *what }),
                    // Enough even after a refusal.
                    facts: private(&WORDS.repeat(20)),
                    consent_status: ConsentStatus::HardToObtain,
                    why_no_consent: private(WORDS),
                    harm_assessment: private(WORDS),
                    restriction: None,
                    later_consent_plan: private(WORDS),
                    emergency: *emergency,
                    request_record: None,
                };
                let id = ExceptionId(self.next(12));
                case.request_exception(id, reasons, agency, BTreeSet::from([actor.agency_id]), actor)
            }
            Deed::Decide { exception, decision } => {
                let id = self.exception_id(usize::from(*exception));
                let relation = case.exception_relation(case.exception(id)?, actor.agency_id);
                let (operation, verdict) = match decision {
                    story::Decision::Approve => (op::ApproveException::OPERATION, Verdict::Approve),
                    story::Decision::Reject => (op::RejectException::OPERATION, Verdict::Reject(private(WORDS))),
                    story::Decision::FollowUp => (op::FollowUpException::OPERATION, Verdict::FollowUp(private(WORDS))),
                };
                if !may(operation, relation) {
                    return None;
                }
                case.decide_exception(id, verdict, actor)
            }
            Deed::Expire(exception) => case.expire_exception(self.exception_id(usize::from(*exception)), actor.at),
            _ => return None,
        })
    }

    /// Plays a step as the service does: first the permission, then the transition. `None`: not permitted.
    pub(crate) fn play(
        &mut self,
        person: usize,
        today: i32,
        deed: &Deed,
        model: &Model,
    ) -> Option<Result<Outcome, Refusal>> {
        use domain::permit::{Op, op};
        let actor = self.actor(person, today);
        let case = self.case.clone();
        let relation = case.relation(actor.agency_id);
        let may = |operation, relation| permit(&actor.principal, operation, relation) == Permit::Allowed;
        let on_sheet = |operation| may(operation, relation);
        let agency = &self.directory[person / 2].clone();
        Some(match deed {
            Deed::Days(_) => return None,
            Deed::Except { .. } | Deed::Decide { .. } | Deed::Expire(_) => {
                let agency = agency.clone();
                return self.play_exception(&actor, &agency, deed);
            }
            Deed::Revise { register, whole, secret, corrects: _ } => {
                if !on_sheet(op::ReviseSheet::OPERATION) {
                    return None;
                }
                let registers = *register && case.sheet.number.is_none();
                let input = SheetInput {
                    reception: reception(*secret, actor.at),
                    document: Document { reception: None, written: None, visitor: None, content: content(*whole) },
                };
                let written = |content| Document { reception: None, written: None, visitor: None, content };
                let earlier = written(self.content.clone());
                let done = case.revise(input, registers.then_some(NUMBER), &earlier, &actor);
                if done.is_ok() {
                    self.content = content(*whole);
                }
                done
            }
            Deed::Discard => {
                if !on_sheet(op::DiscardSheet::OPERATION) {
                    return None;
                }
                case.discard(&actor)
            }
            Deed::Consent(given) => {
                if !on_sheet(op::GiveConsent::OPERATION) {
                    return None;
                }
                let (id, from) = (ConsentId(self.next(6)), today + given.starts_in);
                let classes = [(1, AgencyClass::Ward), (2, AgencyClass::Npo)];
                let terms = Terms {
                    decision: match given.said {
                        Said::Granted => Decision::Granted,
                        Said::Partial => Decision::Partial,
                        Said::Refused => Decision::Refused,
                        Said::Pending => Decision::Pending,
                    },
                    given_by: GivenBy {
                        kind: GivenByKind::Agent,
                        name: Some(private(WORDS)),
                        relation: Some(private(WORDS)),
                        authority_document: Some(private(WORDS)),
                        capacity_note: Some(private(WORDS)),
                        subject_intent: Some(domain::case::consent::SubjectIntent::NotAsked),
                    },
                    identity_check: if given.checked { IdentityCheck::Known } else { IdentityCheck::None },
                    method: if given.oral { ConsentMethod::Oral } else { ConsentMethod::SignaturePaper },
                    proxy_writer: given.proxy.then(|| private(WORDS)),
                    witness_staff_id: given.witness.map(|w| staff_id(usize::from(w))),
                    notice_id: None,
                    purpose: Purpose::SupportReferral,
                    sections: sections(given.sections),
                    recipients: Recipients {
                        agency_ids: agencies(given.agencies),
                        classes: classes.iter().filter(|c| given.classes & c.0 != 0).map(|c| c.1).collect(),
                    },
                    exclusions: agencies(given.excluded),
                    allow_onward: match given.onward {
                        Onward::No => AllowOnward::No,
                        Onward::Named => AllowOnward::Named,
                        Onward::Classes => AllowOnward::Classes,
                    },
                    allow_report_back: given.report_back,
                    obtained_at: actor.at,
                    effective_from: day(from),
                    effective_until: day(from + given.lasts),
                    follow_up_on: None,
                    circumstances: domain::case::consent::Circumstances {
                        representative_not_suspected: true,
                        ..Default::default()
                    },
                };
                let lifted = agencies(given.lifted).into_iter();
                let lifted = lifted.map(|agency_id| Lifted { agency_id, reason: private(WORDS) }).collect();
                let input = ConsentInput { id, terms, lifted, heard_by: None };
                case.give_consent(input, &self.content.clone(), agency, &actor)
            }
            Deed::Witness { consent, heard } => {
                if !on_sheet(op::WitnessConsent::OPERATION) {
                    return None;
                }
                let consent_id = self.consent_id(*consent);
                let directory = self.directory.clone();
                case.witness(consent_id, *heard, &directory, &mut || StopRequestId(self.next(11)), &actor)
            }
            Deed::Withdraw { consent, agencies: from, sections: what } => {
                if !on_sheet(op::WithdrawConsent::OPERATION) {
                    return None;
                }
                let request = WithdrawalRequest {
                    by: WithdrawnBy::Oneself,
                    method: WithdrawalMethod::Oral,
                    reason: Some(private(WORDS)),
                    agency_ids: agencies(*from),
                    sections: sections(*what),
                };
                let withdrawal_id = WithdrawalId(self.next(7));
                let consent_id = self.consent_id(*consent);
                case.withdraw(consent_id, withdrawal_id, request, &mut || StopRequestId(self.next(11)), &actor)
            }
            Deed::Invalidate(consent) => {
                if !on_sheet(op::InvalidateConsent::OPERATION) {
                    return None;
                }
                let consent_id = self.consent_id(*consent);
                let directory = self.directory.clone();
                let mut new_stop = || StopRequestId(self.next(11));
                case.invalidate(consent_id, private(WORDS), &directory, &mut new_stop, &actor)
            }
            Deed::Send { to, sections: what, basis, parent, urgency, due_in } => {
                if !on_sheet(op::SendRelay::OPERATION) {
                    return None;
                }
                let what = sections(if *what == 0 { 1 } else { *what });
                let parent = model.parent(person / 2, parent).map(|p| self.relay_id(p));
                let to = self.directory[usize::from(*to)].clone();
                let judged = case.judge(
                    &to,
                    &what,
                    Purpose::SupportReferral,
                    parent,
                    basis.map(|basis| self.basis(basis)),
                    None,
                    agency,
                    &self.content,
                    &[],
                    &self.key,
                    &actor,
                );
                let judgement = match judged {
                    Ok(judgement) => judgement,
                    Err(refusal) => return Some(Err(refusal)),
                };
                assert_eq!(judgement.failed.is_empty(), judgement.disclosure.is_some(), "a disclosure without a basis");
                assert_eq!(judgement.failed.is_empty(), judgement.content.is_some(), "content without a basis");
                let Some(disclosure) = judgement.disclosure else {
                    return Some(Err(Refusal::Consent(judgement.failed)));
                };
                let shown = serde_json::to_value(Revealed(&judgement.content.unwrap())).unwrap();
                let shown: BTreeSet<String> = shown.as_object().unwrap().keys().cloned().collect();
                let filled = what.iter().map(|s| s.as_str().to_owned());
                assert_eq!(shown, filled.collect(), "a preview shows other sections than were asked");
                let request = RelayRequest {
                    request: private(WORDS),
                    urgency: [Urgency::Urgent, Urgency::Early, Urgency::Normal][usize::from(*urgency)],
                    handover: Handover::System,
                    reply_due: due_in.map(|days| day(today + days)),
                };
                let id = RelayId(self.next(8));
                case.send(id, disclosure, request, &actor)
            }
            Deed::Remind(relay) => case.remind(self.relay_id(usize::from(*relay)), day(today), actor.at),
            Deed::Close | Deed::Reopen => {
                let closing = matches!(deed, Deed::Close);
                let operation = if closing { op::CloseSheet::OPERATION } else { op::ReopenSheet::OPERATION };
                if !on_sheet(operation) || case.sheet.holder_agency_id != actor.agency_id {
                    return None;
                }
                let reason = self.entry(Section::Opinion, &actor, actor.at);
                if closing { case.close(reason, None, &actor) } else { case.reopen(reason, &actor) }
            }
            Deed::Void => {
                if !on_sheet(op::VoidSheet::OPERATION) {
                    return None;
                }
                let reason = self.entry(Section::Opinion, &actor, actor.at);
                case.void(reason, &actor)
            }
            Deed::Entry { section, future } => {
                if !on_sheet(op::AddEntry::OPERATION) {
                    return None;
                }
                let at = actor.at.plus_seconds(i64::from(*future) * 60);
                let entry = self.entry(SECTIONS[usize::from(*section)], &actor, at);
                case.add_entry(entry, &actor)
            }
            Deed::Receive(relay)
            | Deed::Accept(relay)
            | Deed::Decline { relay, .. }
            | Deed::Return(relay)
            | Deed::Resend(relay)
            | Deed::Cancel(relay)
            | Deed::Report { relay, .. }
            | Deed::Amend { relay, .. }
            | Deed::HandBack(relay)
            | Deed::AnswerOffer { relay, .. }
            | Deed::Confirm(relay) => {
                let id = self.relay_id(usize::from(*relay));
                let relay = case.relay(id)?.clone();
                let (operation, step) = match deed {
                    Deed::Receive(_) => (op::ReceiveRelay::OPERATION, Move::Receive),
                    Deed::Accept(_) => (
                        op::AcceptRelay::OPERATION,
                        Move::Accept { assigned_staff_id: Some(staff_id(person)), contact_by: Some(day(today)) },
                    ),
                    Deed::Decline { not_ours, better, .. } => (
                        op::DeclineRelay::OPERATION,
                        Move::Decline {
                            reason: if *not_ours { DeclineReason::NotOurRemit } else { DeclineReason::NoCapacity },
                            recommended_agency_id: better.map(|b| agency_id(usize::from(b))),
                            note: Some(private(WORDS)),
                        },
                    ),
                    Deed::Return(_) => (
                        op::ReturnRelay::OPERATION,
                        Move::Return { missing: vec![private(WORDS)], note: private(WORDS) },
                    ),
                    Deed::Cancel(_) => (op::CancelRelay::OPERATION, Move::Cancel { reason: private(WORDS) }),
                    Deed::Report { last, text, helps, .. } => (
                        op::ReportRelay::OPERATION,
                        Move::Report {
                            kind: if *last { ReportKind::Final } else { ReportKind::Interim },
                            result: if *helps { ReportResult::SupportStarted } else { ReportResult::Unreachable },
                            text: text.then(|| private(WORDS)),
                            contact_made_on: Some(day(today)),
                            next_relay_ids: case
                                .relays
                                .iter()
                                .filter(|r| r.parent_relay_id == Some(id))
                                .map(|r| r.id)
                                .collect(),
                        },
                    ),
                    Deed::Confirm(_) => (op::ConfirmRelay::OPERATION, Move::Confirm),
                    Deed::HandBack(_) => (op::HandBackRelay::OPERATION, Move::HandBack { reason: private(WORDS) }),
                    Deed::AnswerOffer { takes: true, .. } => (op::AcceptHandBack::OPERATION, Move::AcceptHandBack),
                    Deed::AnswerOffer { .. } => {
                        (op::DeclineHandBack::OPERATION, Move::DeclineHandBack { note: Some(private(WORDS)) })
                    }
                    _ => {
                        let (amended, named) = match deed {
                            Deed::Amend { sections: what, basis, .. } => {
                                let what = sections(if *what == 0 { 1 } else { *what });
                                (Some(what), basis.map(|basis| self.basis(basis)))
                            }
                            _ => (None, None),
                        };
                        let (operation, is_open) = match &amended {
                            Some(_) => (op::AmendRelay::OPERATION, !relay.is_over()),
                            None => (op::ResendRelay::OPERATION, relay.state().as_str() == "returned"),
                        };
                        if !may(operation, case.relay_relation(&relay, actor.agency_id)) || !is_open {
                            return None;
                        }
                        let less = |what: &&Sections| **what != relay.sections && what.is_subset(&relay.sections);
                        let less = amended.as_ref().filter(less).cloned();
                        let narrower = less.filter(|_| named.is_none_or(|named| named == relay.basis));
                        let excepted = amended.is_none() && relay.basis.exception_id().is_some();
                        let keeps = narrower.is_some() || excepted;
                        let to = self.directory.iter().find(|a| a.id == relay.to_agency_id).unwrap().clone();
                        let judged = case.judge(
                            &to,
                            amended.as_ref().unwrap_or(&relay.sections),
                            relay.purpose,
                            relay.parent_relay_id,
                            if keeps { Some(relay.basis) } else { named },
                            excepted.then_some(relay.id),
                            agency,
                            &self.content,
                            &[],
                            &self.key,
                            &actor,
                        );
                        match judged {
                            Err(refusal) => return Some(Err(refusal)),
                            // What only tells less does not go through the gate.
                            Ok(_) if narrower.is_some() => {
                                (operation, Move::Narrow(narrower.unwrap_or_default(), Chosen::default()))
                            }
                            Ok(judgement) => match judgement.disclosure {
                                None => return Some(Err(Refusal::Consent(judgement.failed))),
                                Some(disclosure) if amended.is_some() => (operation, Move::Amend(Box::new(disclosure))),
                                Some(disclosure) => (operation, Move::Resend(Box::new(disclosure))),
                            },
                        }
                    }
                };
                if !may(operation, case.relay_relation(&relay, actor.agency_id)) {
                    return None;
                }
                case.move_relay(id, step, agency, &actor)
            }
        })
    }

    /// Puts every event into a chain as storage would, and checks that it holds nothing but ids, codes, days, counts and commitments.
    pub(crate) fn log(&mut self, events: &[EventDraft], actor: &Actor) {
        for draft in events {
            let event = chain(draft, self.head, Some(actor), actor.at, EventId(self.next(10)), [7; 16]);
            self.head = Head { seq: event.seq, hash: event.hash };
            let body: Value = serde_json::from_str(&event.body).unwrap();
            only_codes(&body["data"]);
            assert!(!event.body.contains(WORDS), "free text in {}", event.body);
            // A line of the export shows who acted; the municipality is in the body alone.
            let mut who = body["actor"].clone();
            who.as_object_mut().unwrap().remove("municipality_id");
            let line = json!({
                "id": event.id, "stream": event.stream, "seq": event.seq, "kind": event.kind, "at": event.at,
                "sheet_id": event.sheet_id, "relay_id": body["data"]["relay_id"], "basis": body["data"]["basis"], "actor": who, "prev": hex::encode(event.prev),
                "hash": hex::encode(event.hash), "body": event.body,
            });
            self.verifier.feed(&line.to_string()).unwrap();
            self.lines += 1;
        }
    }
}

pub(crate) fn only_codes(value: &Value) {
    match value {
        Value::Object(map) => map.values().for_each(only_codes),
        Value::Array(list) => list.iter().for_each(only_codes),
        Value::String(text) => {
            let of_code = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
            let code = text.len() <= 24 && text.bytes().all(of_code);
            let hex = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
            let known = code || hex || Uuid::parse_str(text).is_ok() || text.parse::<Day>().is_ok();
            assert!(known, "neither id nor code in an event: {text}");
        }
        _ => {}
    }
}
