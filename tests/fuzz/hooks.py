"""What schemathesis cannot know of this API: who calls, which things exist, and which refusals only a person's meaning explains.

Hooks give a *valid* request valid state (ids that exist, a fresh key, a body with a consent behind it). They never touch a request
that is meant to be refused, and they hide no answer. `cargo xtask fuzz-api` sets the variables.
"""

import base64
import itertools
import json
import os
import random
import time
import uuid
from datetime import datetime, timedelta, timezone

import requests
import schemathesis

URL = os.environ["TSUNAGU_FUZZ_URL"]
# A log-in of the demonstration, `client` (an OAuth client), `nobody`, or `round`: the sender's and the receiver's log-in in turn,
# because one agency alone cannot walk from a sheet to a report.
ROLE = os.environ["TSUNAGU_FUZZ_ROLE"]
CLIENT = os.environ.get("TSUNAGU_FUZZ_CLIENT", ":")
PASSWORD = "tsunagu-demo"
CHANCE = random.Random(int(os.environ.get("TSUNAGU_FUZZ_SEED", "1")))
RECEIVER_DOES = {"receive_relay", "accept_relay", "decline_relay", "return_relay", "report_relay", "answer_stop_notice", "hand_back_relay"}

JST = timezone(timedelta(hours=9))


class Tokens:
    """One session a log-in; a token of the OAuth client before the last one runs out."""

    def __init__(self):
        self.known = {}

    def login(self, login):
        answer = requests.post(f"{URL}/api/v1/session", json={"login": login, "password": PASSWORD}, timeout=20)
        answer.raise_for_status()
        return next(iter(answer.cookies)).value

    def client(self):
        answer = requests.post(
            f"{URL}/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=tuple(CLIENT.split(":", 1)),
            timeout=20,
        )
        answer.raise_for_status()
        return answer.json()["access_token"]

    def of(self, who):
        token, made = self.known.get(who, (None, 0))
        if token is None or time.monotonic() - made > 300:
            token = self.client() if who == "client" else self.login(who)
            self.known[who] = (token, time.monotonic())
        return token

    def unless_closed(self, who):
        try:
            return self.of(who)
        except requests.HTTPError as refused:
            if refused.response.status_code != 429:
                raise
            return "closed"


TOKENS = Tokens()
EVERYBODY = itertools.cycle(["hoken", "npo", "byoin", "hub", "hogo", "kansa", "kacho", "kurashi"])


def operation_id(case):
    return case.operation.definition.raw.get("operationId")


@schemathesis.auth()
class Caller:
    def get(self, case, ctx):
        return True

    def set(self, case, data, ctx):
        operation = operation_id(case)
        if operation == "issue_token":
            encoded = base64.b64encode(CLIENT.encode()).decode()
            case.headers["Authorization"] = f"Basic {encoded}"
        elif ROLE == "nobody":
            pass
        elif ROLE == "client":
            case.headers["Authorization"] = f"Bearer {TOKENS.of('client')}"
        elif operation == "end_session":
            # This ends a fresh session, because the others are needed again. Everybody takes a turn, because a person may open only 200 a day.
            case.headers["Authorization"] = f"Bearer {TOKENS.login(next(EVERYBODY))}"
        elif operation == "change_password":
            # Wrong passwords close an account to log-ins for a while, so this uses an account that nothing else here needs.
            case.headers["Authorization"] = f"Bearer {TOKENS.unless_closed('zei')}"
        elif ROLE == "round":
            who = "kurashi" if operation in RECEIVER_DOES else "madoguchi"
            case.headers["Authorization"] = f"Bearer {TOKENS.of(who)}"
        else:
            case.headers["Authorization"] = f"Bearer {TOKENS.of(ROLE)}"


class Known:
    """What was made and found out so far."""

    def __init__(self):
        self.ids = {}
        self.consents = {}
        self.digests = {}
        self.discarded = set()
        self.ended = set()

    def add(self, kind, value):
        kept = self.ids.setdefault(kind, [])
        if value and value not in kept:
            kept.append(value)

    def any(self, kind):
        kept = self.ids.get(kind)
        # The newest things are the likeliest to be in a state that still allows something.
        return CHANCE.choice(kept[-8:]) if kept else None


KNOWN = Known()


def agency(code):
    if "agency_by_code" not in KNOWN.ids:
        headers = {"Authorization": f"Bearer {TOKENS.of('madoguchi')}"}
        items = requests.get(f"{URL}/api/v1/agencies?limit=200", headers=headers, timeout=20).json()["items"]
        KNOWN.ids["agencies"] = [item["id"] for item in items] + KNOWN.ids.get("agencies", [])
        KNOWN.ids["agency_by_code"] = {item["code"]: item["id"] for item in items}
    return KNOWN.ids["agency_by_code"][code]


SHEET = {
    "state": "registered",
    "channel": "visit",
    "route": "self_visit",
    "visitor": None,
    "urgency": "normal",
    "address_secret": "none",
    "content": {
        "identity": {
            "family_name": "見本",
            "given_name": "花子",
            "kana_family": "ミホン",
            "kana_given": "ハナコ",
            "birth_date": "1986-04-01",
            "identity_level": "verified",
        },
        "topics": {"codes": ["03", "05"], "main": "03"},
        "statement": {"subject_words": "家賃が払えない。", "done_here": "収支を聞き取った。"},
        "risk": {"flags": []},
    },
}


def now():
    return datetime.now(JST).isoformat(timespec="seconds")


def consent():
    return {
        "decision": "granted",
        "given_by": {"kind": "self"},
        "identity_check": "document",
        "method": "signature_paper",
        "purpose": "support_referral",
        "sections": ["identity", "topics", "statement"],
        "recipients": {"agency_ids": [agency("kurashi-shigoto")], "classes": []},
        "exclusions": [],
        "allow_onward": "named",
        "allow_report_back": True,
        "obtained_at": now(),
        "effective_until": (datetime.now(JST) + timedelta(days=365)).date().isoformat(),
    }


def exception():
    return {
        "code": "e7",
        "to_agency_id": agency("kurashi-shigoto"),
        "sections": ["identity"],
        "facts": "訪問のたびに新しいあざがあり、本人は理由を話さない。同居の家族が怒鳴る声を、近所の人が何度も聞いている。",
        "consent_status": "hard_to_obtain",
        "why_no_consent": "本人だけと話せない。",
        "harm_assessment": "伝える先を一つに限る。",
        "later_consent_plan": "あとで説明する。",
        "emergency": False,
    }


def preview(sheet):
    asked = {"to_agency_id": agency("kurashi-shigoto"), "sections": ["identity"], "purpose": "support_referral"}
    if sheet in KNOWN.consents:
        asked["basis"] = {"consent_id": KNOWN.consents[sheet]}
    return asked


def relay(sheet):
    return {
        **preview(sheet),
        "basis": {"consent_id": KNOWN.consents.get(sheet, str(uuid.uuid4()))},
        "request": "家計の相談をお願いします。",
        "urgency": "normal",
        "handover": "system",
        "disclosure_digest": KNOWN.digests.get(sheet, "-"),
    }


# Bodies that can succeed. Some of the valid requests get them; the others keep the generated body.
BODIES = {
    "create_sheet": lambda sheet: {**SHEET, "received_at": now()},
    "revise_sheet": lambda sheet: {**SHEET, "received_at": now()},
    "give_consent": lambda sheet: consent(),
    "preview_relay": preview,
    "send_relay": relay,
    "decline_relay": lambda relay: {"reason": "no_capacity"},
    "return_relay": lambda relay: {"missing": ["contact"], "note": "連絡先を足してください。"},
    "report_relay": lambda relay: {"kind": CHANCE.choice(["interim", "final"]), "result": "advice_given", "text": "助言しました。"},
    "assign_sheet": lambda sheet: {"reason": "workload"},
    "close_sheet": lambda sheet: {"reason": "支援につながったため"},
    "request_exception": lambda sheet: exception(),
}

# What kind of thing a path's `id` names, by the word before it.
KINDS = {
    "sheets": "sheets", "relays": "relays", "consents": "consents", "exceptions": "exceptions", "stop-notices": "stop-notices",
    "address-releases": "address-releases", "agencies": "agencies", "staff": "staff", "clients": "clients",
}

# Operations that take a log-in away from a person or a system. Schemathesis also finds the ids of the people who call here in the
# answers: these operations may only hit people and systems that this run made itself.
TAKES_AWAY = {"end_post", "disable_staff", "end_staff_sessions", "revoke_client"}


def kind_of(path):
    words = path.strip("/").split("/")
    return KINDS.get(words[2]) if len(words) > 3 else None


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or ROLE == "nobody":
        return
    operation = operation_id(case)
    linked = "id" in getattr(getattr(case, "_override", None), "path_parameters", {})
    kind = kind_of(case.operation.path)
    if kind and "id" in (case.path_parameters or {}) and not linked and CHANCE.random() < 0.75:
        case.path_parameters["id"] = KNOWN.any(kind) or case.path_parameters["id"]
    if operation in TAKES_AWAY and case.path_parameters["id"] not in KNOWN.ids.get(kind, []):
        case.path_parameters["id"] = KNOWN.any(kind) or str(uuid.UUID(int=CHANCE.getrandbits(128)))
    if case.headers is not None and "Idempotency-Key" in case.headers and CHANCE.random() < 0.9:
        case.headers["Idempotency-Key"] = uuid.UUID(int=CHANCE.getrandbits(128)).hex
    if case.query and "after" in case.query and CHANCE.random() < 0.75:
        del case.query["after"]
    if operation == "issue_token":
        # The header names the client; a second client in the form, or a scope that the client does not have, is refused.
        case.body = {"grant_type": "client_credentials"}
    # Where links are followed, most steps must succeed, or no walk gets far.
    if operation in BODIES and CHANCE.random() < (0.9 if meta.phase.name.value == "stateful" else 0.5):
        case.body = BODIES[operation]((case.path_parameters or {}).get("id"))


@schemathesis.hook
def after_call(context, case, response):
    if operation_id(case) == "end_session" and response.status_code == 204:
        KNOWN.ended.add(response.request.headers["Authorization"])
    if operation_id(case) == "end_own_session" and response.status_code == 204:
        # This may have ended a session that is used here, so the next caller logs in anew.
        TOKENS.known.clear()
    if operation_id(case) == "discard_sheet" and response.status_code == 204:
        KNOWN.discarded.add(case.path_parameters["id"])
        KNOWN.ids["sheets"] = [i for i in KNOWN.ids.get("sheets", []) if i != case.path_parameters["id"]]
    if not 200 <= response.status_code < 300:
        return
    try:
        body = response.json()
    except ValueError:
        return
    operation = operation_id(case)
    if operation in ("create_sheet", "revise_sheet"):
        KNOWN.add("sheets", body["id"])
    elif operation == "give_consent":
        KNOWN.add("consents", body["id"])
        KNOWN.consents[case.path_parameters["id"]] = body["id"]
    elif operation == "request_exception":
        KNOWN.add("exceptions", body["id"])
    elif operation == "request_address_release":
        KNOWN.add("address-releases", body["id"])
    elif operation == "list_stop_notices":
        for item in body["items"]:
            KNOWN.add("stop-notices", item["id"])
    elif operation == "preview_relay":
        KNOWN.digests[case.path_parameters["id"]] = body["disclosure_digest"]
    elif operation == "send_relay":
        KNOWN.add("relays", body["id"])
    elif operation in ("create_agency", "create_staff", "create_client"):
        KNOWN.add({"create_agency": "agencies", "create_staff": "staff", "create_client": "clients"}[operation], body["id"])


# Rules that no schema states, by the code of the error. Without this list each would be reported as "schema-valid request rejected";
# the schema must state everything else.
BEYOND_THE_SCHEMA = {
    "required": "what a state demands (a registered sheet is complete, a relayed one more so)",
    "blank": "a text in which nothing can be seen",
    "line_break": "a line holds no line break",
    "control_character": "text that nobody can see",
    "bidi_control": "text that reorders what is shown",
    "phone": "6 to 20 digits among the signs of a telephone number",
    "not_kana": "a reading is kana",
    "my_number": "an individual number stands where it may not (番号法 20条)",
    "bad_cursor": "a cursor that was not made here, or for another list",
    "unknown_code": "a code of a list that the municipality extends",
    "unknown_agency": "an agency that does not exist here",
    "unknown_sheet": "a number that no sheet here has",
    "unknown_staff": "a person who does not exist here",
    "unknown_exception": "an exception that does not exist",
    "unknown_notice": "a notice that does not exist",
    "unknown_consent": "a consent that this sheet does not have",
    "unknown_relay": "a relay that does not exist here",
    "not_your_post": "a post that is not one's own",
    "same_person": "a witness is another person than the recorder",
    "duplicate": "a thing stands twice in a list",
    "email": "an address that mail servers do not take",
    "taken": "another agency or person has it",
    "not_among_codes": "the main topic is one of the topics",
    "not_a_draft": "a registered sheet becomes no draft again",
    "not_in_use": "one-time passwords are not in use here",
    "not_allowed": "who reads no content does not filter by it",
    "out_of_range": "a day before the earliest of its kind, or a birth after today",
    "before_birth": "nobody is received, and nobody consents, before birth",
    "sheet_number": "a number names an era, a year in it and a serial",
    "in_future": "what has happened lies in the past",
    "in_past": "a deadline lies in the future",
    "before_start": "a range that ends before it begins",
    "not_offered": "a basis that rests on conferences, which are yet to come",
    "not_for_this_agency": "an article is for public bodies, or for private operators",
    "not_a_point": "a point of a signature is [x, y, milliseconds], in the field, in order of time",
    "unknown_variant": "a notice has certain variants",
    "other_text": "a signature stands beside the very text that was shown",
    "own_agency": "nobody is told what it knows itself",
    "too_short": "facts are long enough without what nobody can see, and longer after a refusal",
    "not_for_emergencies": "only some articles may be used before approval",
    "exactly_one": "one of two fields, not both, not neither",
    "not_secret": "an address that everybody may know needs no release",
    "bad_heading": "a directory as CSV begins with the names of its columns",
    "not_a_row": "a row of a CSV has as many cells as its heading",
    "not_a_date": "a cell that is a day",
    "too_deep": "a tree of agencies has an end",
    "unknown_format": "a file is a whole PDF, JPEG or PNG",
    "bad_file_name": "the name of a file is a line of text",
    "too_many": "a sheet has ten attachments at most, a consent five pieces of evidence, a relay thirty reports",
    "unknown": "an attachment that this sheet does not have",
    "alone": "four digits of a telephone number alone would find strangers",
    "in_household": "nobody leaves a household unasked",
    "already_chased": "a relay is chased once a day",
    "consent_needed": "more than an exception allowed needs a consent",
    "unchanged": "an amendment that changes nothing",
    "read_only": "what the service fills itself",
    "too_many_today": "what stays for good is added so often a day",
    "wrong": "the password that somebody has is another",
    "guessable": "a password that somebody else finds",
    "unknown_post": "a post that the person does not have",
    "not_shorter": "a post is ended, not prolonged",
    "too_long": "a consent lasts some years at most",
    "not_yet_in_force": "the notice of the day on which the consent was given",
    "only_for_systems": "who heard it is named by department systems with the scope for it",
    "not_excluded": "an exclusion that does not stand, or is not seen, is not lifted",
    "excluded_again": "nobody is excluded and let in at once",
    "refused_since": "who asked and who approves did not know of the refusal",
    "repeated": "a parameter stands once",
    "fixed": "the class of an agency that a consent or relay names",
    "circle": "no agency follows itself, by whatever way",
    "unknown_member": "a member of the household who does not go with what is told",
    "not_needed": "a member who consented needs no decision",
    "ambiguous": "two members who cannot be told apart",
    "something_open": "an agency that has something in its hands wants a successor",
    "ended": "an agency that has ended stays so",
    "not_the_witness": "the witness is the person who was named, or another than the recorder",
}


def is_fraction(body, pointer):
    """Whether 245.0 was sent where an integer is meant: JSON Schema takes it for one, the service takes digits alone."""
    for step in pointer.split("/")[1:]:
        try:
            body = body[int(step)] if isinstance(body, list) else body[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return False
    return isinstance(body, float)


@schemathesis.check
def a_refusal_of_valid_data_names_a_rule_beyond_the_schema(ctx, response, case):
    meta = case.meta
    if response.status_code != 422 or meta is None or not meta.generation.mode.is_positive:
        return
    problem = response.json()
    if problem["type"] == "urn:tsunagu:problem:idempotency-key-reused":
        return
    strange = [
        error
        for error in problem.get("errors") or []
        if error["code"] not in BEYOND_THE_SCHEMA and not is_fraction(case.body, error["pointer"])
    ]
    assert not strange, f"the schema allows what is refused: {json.dumps(strange, ensure_ascii=False)}"


@schemathesis.check
def what_is_gone_is_gone(ctx, response, case):
    """A discarded draft and an ended session are good for nothing, with whatever method."""
    if response.status_code >= 400:
        return
    if operation_id(case) not in ("end_session", "discard_sheet"):
        assert (case.path_parameters or {}).get("id") not in KNOWN.discarded, "a discarded sheet is still there"
    for token in list(KNOWN.ended):
        KNOWN.ended.discard(token)
        again = requests.get(f"{URL}/api/v1/session", headers={"Authorization": token}, timeout=20)
        assert again.status_code == 401, f"a session that was ended answers {again.status_code}"


@schemathesis.check
def a_problem_is_a_problem_document(ctx, response, case):
    """Every refusal is RFC 9457 and echoes nothing that was sent in a body."""
    if response.status_code < 400 or case.method == "HEAD":
        return
    if operation_id(case) == "issue_token" and response.status_code in (400, 401):
        # RFC 6749 §5.2 says how the token endpoint refuses.
        assert response.headers["content-type"] == ["application/json"], response.headers["content-type"]
        assert set(response.json()) == {"error", "error_description"}
        return
    assert response.headers["content-type"] == ["application/problem+json"], response.headers["content-type"]
    assert response.json()["status"] == response.status_code


@schemathesis.deserializer("application/x-ndjson")
def ndjson(ctx, response):
    return [json.loads(line) for line in response.content.decode().splitlines() if line]
