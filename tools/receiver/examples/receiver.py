#!/usr/bin/env python3
"""A receiver of a clinic's events, in Python's standard library alone (SQLite 3.38 or newer in it): verifies every signature, keeps every event exactly
once in SQLite, notices what is missing, and folds charges, accounts, plans and statements. schemas/CONSUMING.md says why it does what it does.

    receiver.py serve --secret-file FILE [--secret-file OLD] [--port N] [--database FILE]     until SIGTERM; the first line says where it listens
    receiver.py books [--database FILE]                                                       what the events add up to, as JSON
    receiver.py take FILE... [--database FILE]                                                takes files of events (one per line), as deliveries would
    receiver.py check VECTORS                                                                 schemas/vectors/signatures.json against this file's own verifier
"""
import argparse
import base64
import gzip
import hashlib
import hmac
import io
import json
import signal
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S = 300  # how far a timestamp may be from now
BODY_BYTES_MAX = 16 << 20
UNPACKED_BYTES_MAX = 64 << 20
NEEDED = ("id", "type", "source", "clinicid", "partitionkey", "sequence", "changeset", "changesetindex", "changesetsize", "data")


# --- signatures: HMAC-SHA-256 over "id.timestamp.body", as Standard Webhooks says

def key_of(secret):
    secret = secret.strip()
    if not secret.startswith("whsec_"):
        raise ValueError("a secret begins with whsec_")
    return base64.b64decode(secret[len("whsec_"):], validate=True)


def refusal(keys, headers, body, now):
    """Why this request is not to be believed; None: it is the gateway's. headers: names in lower case; body: the bytes as they came."""
    try:
        told, stamp, given = headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]
    except KeyError:
        return "a header is missing"
    if not (stamp.isascii() and stamp.isdigit()):
        return "the timestamp is no number"
    if abs(now - int(stamp)) > TOLERANCE_S:
        return "the timestamp is too far from now"
    signed = told.encode() + b"." + stamp.encode() + b"." + body
    expected = [b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in keys]
    fits = [hmac.compare_digest(one.encode(), right) for one in given.split(" ") for right in expected]
    return None if any(fits) else "no signature fits"


# --- what is kept: the events themselves, once each. Everything else is a question to them

SCHEMA = """
create table if not exists event(
    arrived integer primary key,        -- the order of first arrivals
    id text not null unique,            -- the same on every repeat
    clinic text not null,
    epoch integer not null,             -- the first six digits of `sequence`
    key text not null,                  -- partitionkey: within it events are in order
    sequence integer not null,          -- the other fourteen
    previous integer,                   -- of a filtered view: the sequence before this one, 0: none
    change_set text not null, place integer not null, size integer not null,
    type text not null,
    data text not null,
    digest text not null                -- of the whole event
);
create index if not exists event_place on event(clinic, key, epoch, sequence);
create index if not exists event_change_set on event(change_set);
create index if not exists event_type on event(type);
create index if not exists event_charge on event(data ->> '$.charge_id');
create index if not exists event_payment on event(data ->> '$.payment_event');

-- A clinic that lost its books begins a new epoch: what was said in an older one no longer counts.
create view if not exists current as select clinic, max(epoch) as epoch from event group by clinic;
create view if not exists standing as select e.* from event e join current c on c.clinic = e.clinic and c.epoch = e.epoch;
-- A charge stands until a reversal names it, whichever came first.
create view if not exists standing_charge as
    select data ->> '$.charge_id' as charge, data ->> '$.payer' as payer, data ->> '$.payer_party' as party, data ->> '$.limit' as account,
           data ->> '$.order' as ordered, data ->> '$.total.minor' as minor, data ->> '$.total.currency' as currency, data, change_set
    from standing c
    where type = 'mis.billing.charge.v1' and not exists (
        select 1 from event r where r.type = 'mis.billing.reversal.v1' and r.data ->> '$.charge_id' = c.data ->> '$.charge_id');
-- What plans, limits, orders, feedbacks and statements are told of, again and again. Within a key the sequence orders them; a thing that moved to another
-- patient's key (two cards became one) goes on under the key that was heard last.
create view if not exists told as
    select *, max(arrived) over (partition by clinic, topic, key) as heard from (
        select *, case when type like 'mis.plan.%' then 'plan/' || coalesce(data ->> '$.plan.id', data ->> '$.plan')
                       when type like 'mis.limit.%' and data ->> '$.granted.minor' is not null then 'limit/' || coalesce(data ->> '$.limit.id', data ->> '$.limit')
                       when type like 'mis.order.%' then 'order/' || (data ->> '$.order')
                       when type like 'mis.feedback.%' then 'feedback/' || (data ->> '$.feedback')
                       when type = 'mis.billing.statement.v1' and data ->> '$.since_previous.minor' is not null
                       then 'statement/' || (data ->> '$.order') || '/' || (data ->> '$.payer') || '/' || coalesce(data ->> '$.payer_party', '') || '/' || (data ->> '$.total.currency')
                       end as topic from standing)
    where topic is not null;
create view if not exists newest as
    select * from (select *, row_number() over (partition by clinic, topic order by heard desc, sequence desc) as age from told) where age = 1;
"""


class Store:
    def __init__(self, path):
        self.lock = threading.Lock()
        self.database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.database.executescript("pragma journal_mode = wal; pragma synchronous = full;" + SCHEMA)
        self.database.row_factory = sqlite3.Row
        self.repeats = self.altered = self.late = self.bad_signatures = 0

    def ask(self, sql, *values):
        return self.database.execute(sql, values).fetchall()

    def take(self, events):
        """One delivery, one transaction: when this returns, it is on the disk. Gives those that cannot be taken: [(id, why)]."""
        refused = []
        with self.lock:
            self.database.execute("begin immediate")
            try:
                for event in events:
                    why = self._take_one(event)
                    if why:
                        refused.append((event.get("id", "") if isinstance(event, dict) else "", why))
                self.database.execute("commit")
            except BaseException:
                self.database.execute("rollback")
                raise
        return refused

    def _take_one(self, event):
        missing = [name for name in NEEDED if not isinstance(event, dict) or name not in event]
        if missing:
            return "without " + ", ".join(missing)
        number = event["sequence"]
        if len(number) != 20 or not number.isdigit():
            return "a sequence has 20 digits"
        text = json.dumps(event, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        clinic, key, epoch, sequence = event["clinicid"], event["partitionkey"], int(number[:6]), int(number[6:])
        known = self.ask("select digest from event where id = ?", event["id"])
        if known:
            self.repeats += 1
            if known[0]["digest"] != digest:  # never seen; ids are a function of what is said
                self.altered += 1
                return "this id came before with other content"
            return None
        newest = self.ask("select max(sequence) as last from event where clinic = ? and key = ? and epoch = ?", clinic, key, epoch)[0]["last"]
        if newest is not None and newest > sequence:
            self.late += 1
        previous = event.get("previoussequence")
        self.database.execute(
            "insert into event values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (event["id"], clinic, epoch, key, sequence, None if previous is None else int(previous[6:]), event["changeset"], event["changesetindex"],
             event["changesetsize"], event["type"], json.dumps(event["data"], ensure_ascii=False), digest))
        return None

    # What must be nothing before anything is billed.
    def missing(self):
        whole = self.ask("select sum(last - there) as n from (select max(sequence) as last, count(distinct sequence) as there from event where previous is null group by clinic, key, epoch)")
        views = self.ask("""select count(*) as n from event e where previous > 0 and not exists (
            select 1 from event p where p.clinic = e.clinic and p.key = e.key and p.epoch = e.epoch and p.sequence = e.previous)""")
        return (whole[0]["n"] or 0) + views[0]["n"]

    def open_change_sets(self):  # a filtered view has holes in them by nature
        return self.ask("select count(*) as n from (select 1 from event group by clinic, change_set having max(previous is not null) = 0 and count(distinct place) < max(size))")[0]["n"]

    def withheld(self):  # stubs whose event did not come after all
        return self.ask("""select count(*) as n from standing s where type = 'mis.event.withheld.v1' and not exists (
            select 1 from event e where e.clinic = s.clinic and e.key = s.key and e.epoch = s.epoch and e.sequence = s.sequence and e.id != s.id)""")[0]["n"]

    def books(self):
        with self.lock:
            self.database.execute("begin")
            try:
                return {"charges": self._charges(), "limits": self._limits(), "plans": self._plans(), "orders": self._orders(), "statements": self._statements(),
                        "disputed": self._disputed(), "payments": self._payments(), "feedback": self._feedback(),
                        "events": self.ask("select count(*) as n from event")[0]["n"], "missing": self.missing(),
                        "open_change_sets": self.open_change_sets(), "withheld": self.withheld()}
            finally:
                self.database.execute("rollback")

    def _charges(self):
        return [without_none(row) for row in self.ask("""
            select ordered as "order", payer, party as payer_party, account as "limit", currency, sum(minor) as minor, count(*) as count from standing_charge
            group by ordered, payer, party, account, currency
            order by coalesce(ordered, ''), payer, coalesce(party, ''), coalesce(account, ''), currency""")]

    def _limits(self):
        """Granted is what limit events say; consumed is ours to add up: shares of the limit, and what of its lines went beyond."""
        limits = []
        for row in self.ask("select clinic, topic, data from newest where topic like 'limit/%'"):
            data = json.loads(row["data"])
            limit = identity(data["limit"])
            state = self.ask("""select type from told where clinic = ? and topic = ? and type in ('mis.limit.opened.v1', 'mis.limit.granted.v1', 'mis.limit.closed.v1')
                order by heard desc, sequence desc limit 1""", row["clinic"], row["topic"])
            granted = data["granted"]
            inside = self.ask("select coalesce(sum(minor), 0) as n from standing_charge where account = ? and payer = 'limit' and currency = ?", limit, granted["currency"])[0]["n"]
            beyond = self.ask("""select coalesce(sum(o.value ->> '$.total.minor'), 0) as n from standing_charge c, json_each(c.data, '$.overruns') o
                where o.value ->> '$.limit' = ? and o.value ->> '$.total.currency' = ?""", limit, granted["currency"])[0]["n"]
            consumed = inside + beyond
            limits.append({"limit": limit, "state": "closed" if state and state[0]["type"] == "mis.limit.closed.v1" else "open", "currency": granted["currency"],
                           "granted": granted["minor"], "consumed": consumed, "remaining": max(0, granted["minor"] - consumed), "overrun": beyond})
        return sorted(limits, key=lambda one: one["limit"])

    def _plans(self):
        plans = {}
        for row in self.ask("select type, data from told where topic like 'plan/%' order by heard, sequence"):
            data, type = json.loads(row["data"]), row["type"][len("mis.plan."):-len(".v1")]
            plan = plans.setdefault(identity(data["plan"]), {"state": "open", "items": {}, "stages": []})
            if type in ("opened", "changed", "closed"):
                plan["state"] = "closed" if type == "closed" else "open"
                for name in ("order", "version"):
                    if name in data["plan"]:
                        plan[name] = data["plan"][name]
                for item in data["plan"].get("items", []):  # a long plan comes in parts
                    plan["items"].setdefault(item["id"], item.get("state", "planned"))
            elif type.startswith("item."):
                plan["items"][identity(data["item"])] = data.get("after") or type[len("item."):]
            elif type == "stage.reached":
                plan["stages"].append(data["stage"])
            elif type == "stage.withdrawn" and data["stage"] in plan["stages"]:
                plan["stages"].remove(data["stage"])
        return [{"plan": id, **{**plan, "items": dict(sorted(plan["items"].items())), "stages": sorted(plan["stages"])}} for id, plan in sorted(plans.items())]

    def _orders(self):
        states = {"linked": "linked", "unlinked": "waiting", "waiting": "waiting", "closed": "closed"}
        rows = self.ask("select data ->> '$.order' as id, type from newest where topic like 'order/%' order by 1")
        return {row["id"]: states[row["type"].split(".")[2]] for row in rows}

    def _statements(self):
        """Of every order's payer the last one: what it says is due. A long one comes in parts; sums stand in the last. Answers to requests are not among them."""
        found = []
        for row in self.ask("select data from newest where topic like 'statement/%'"):
            data = json.loads(row["data"])
            found.append({**{name: data[name] for name in ("order", "payer", "payer_party") if name in data},
                          "currency": data["total"]["currency"], "total": data["total"]["minor"], "due": data["due"]["minor"]})
        return sorted(found, key=lambda one: (one["order"], one["payer"], one.get("payer_party", ""), one["currency"]))

    def _disputed(self):
        """How many of those statements name a charge that we do not have, or with another sum, or add up to something else than they say."""
        disputed = 0
        for row in self.ask("select data from newest where topic like 'statement/%' and data ->> '$.parts' is null"):
            data = json.loads(row["data"])
            known = [self.ask("select data ->> '$.total.minor' as minor from standing where type = 'mis.billing.charge.v1' and data ->> '$.charge_id' = ?", one["charge_id"])
                     for one in data["charges"]]
            agree = all(mine and mine[0]["minor"] == one["total"]["minor"] for mine, one in zip(known, data["charges"]))
            disputed += not agree or sum(one["total"]["minor"] for one in data["charges"]) != data["total"]["minor"]
        return disputed

    def _payments(self):
        return [dict(row) for row in self.ask("""
            select data ->> '$.kind' as kind, data ->> '$.amount.currency' as currency, sum(data ->> '$.amount.minor') as minor, count(*) as count from standing p
            where type in ('mis.billing.payment.v1', 'mis.billing.refund.v1') and not exists (
                select 1 from event r where r.type = 'mis.billing.payment_reversal.v1' and r.data ->> '$.payment_event' = p.id)
            group by 1, 2 order by 1, 2""")]

    def _feedback(self):
        return {row["id"]: row["type"].split(".")[2] for row in self.ask("select data ->> '$.feedback' as id, type from newest where topic like 'feedback/%' order by 1")}


def identity(value):
    return value["id"] if isinstance(value, dict) else value


def without_none(row):
    return {name: row[name] for name in row.keys() if row[name] is not None}


# --- the endpoint

def unpacked(body):
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
        text = packed.read(UNPACKED_BYTES_MAX + 1)
    if len(text) > UNPACKED_BYTES_MAX:
        raise ValueError("too much in it")
    return text


def handler_of(store, keys):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def answer(self, status, body=b"", **headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            if self.path != "/books":
                return self.answer(404)
            counts = {"repeats": store.repeats, "altered": store.altered, "late": store.late, "bad_signatures": store.bad_signatures}
            self.answer(200, json.dumps({**store.books(), "since_start": counts}, ensure_ascii=False).encode(), Content_Type="application/json")

        def do_POST(self):
            length = self.headers.get("Content-Length", "")
            if not (length.isascii() and length.isdigit()) or int(length) > BODY_BYTES_MAX:
                self.close_connection = True
                return self.answer(413 if length.isdigit() else 411)
            body = self.rfile.read(int(length))
            why = refusal(keys, {name.lower(): value for name, value in self.headers.items()}, body, time.time())
            if why:
                store.bad_signatures += 1
                return self.answer(401, json.dumps({"error": why}).encode())
            try:
                events = json.loads(unpacked(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            except (ValueError, OSError, EOFError, RecursionError):
                return self.answer(400, b'{"error":"no JSON"}')
            refused = store.take(events if isinstance(events, list) else [events])
            if not refused:
                return self.answer(204)  # only now: it is on the disk
            self.answer(200, json.dumps({"rejected": [{"id": id, "reason": why} for id, why in refused]}).encode(), Content_Type="application/json")

        def log_message(self, *_):
            pass

    return Handler


def serve(arguments):
    keys = [key_of(open(file).read()) for file in arguments.secret_file]
    if not keys:
        sys.exit("receiver.py: without --secret-file anybody could write your books")
    ThreadingHTTPServer.daemon_threads = True
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), handler_of(Store(arguments.database), keys))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


def take(arguments):
    store = Store(arguments.database)
    for file in arguments.files:
        refused = store.take([json.loads(line) for line in open(file, encoding="utf8") if line.strip()])
        for id, why in refused:
            print(f"{file}: {id}: {why}", file=sys.stderr)
        if refused:
            sys.exit(1)
    print(json.dumps(store.books(), ensure_ascii=False))


def check(arguments):
    wrong = 0
    cases = json.load(open(arguments.files[0], encoding="utf8"))["cases"]
    for case in cases:
        body = base64.b64decode(case["body_base64"])
        why = refusal([key_of(secret) for secret in case["secrets"]], case["headers"], body, case["now"])
        if (why is None) != case["valid"]:
            wrong += 1
            print(f"{case['name']}: {why or 'taken'}", file=sys.stderr)
    print(f"{len(cases) - wrong} of {len(cases)} as they should be")
    sys.exit(1 if wrong else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["serve", "books", "take", "check"])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--secret-file", action="append", default=[])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--database", default=":memory:")
    arguments = parser.parse_args()
    {"serve": serve, "take": take, "check": check, "books": lambda _: print(json.dumps(Store(arguments.database).books(), ensure_ascii=False))}[arguments.what](arguments)


if __name__ == "__main__":
    main()
