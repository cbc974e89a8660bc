// The answer to one message: what a backend yields, as tokens.
//
// A backend yields, in order: {columns}, {rows}, {done: {count, command}}, {error}, {info}, {transaction: "begin"|"commit"|"rollback"}, {database},
// {status: NUMBER of a procedure}, and what a script may want: {delay_ms}, {hang: "attention"|"forever"}, {cut: true}.
import { done, done_bit, column_metadata, env, error, info, return_status, return_value, row } from "./tokens.mjs";
import { ValueError } from "./values.mjs";

export class Response {
  constructor(session, writer) {
    Object.assign(this, { session, writer, server_name: session.server.options.server_name });
  }
  write(...buffers) {
    this.writer.write(...buffers);
  }
  error(what) {
    this.write(error(this.server_name, what));
  }
  info(what) {
    this.write(info(this.server_name, what));
  }
  // A DONE waits for what comes after it, since it has to say whether something does.
  done(what, form = "done") {
    this.settle(true);
    this.pending = { form, what };
  }
  settle(more) {
    if (!this.pending) return;
    const { form, what } = this.pending;
    this.pending = undefined;
    let status = what.status ?? 0;
    if (more) status |= done_bit.more;
    if (this.session.transaction !== 0n) status |= done_bit.in_transaction;
    this.write(done(form, { ...what, status }));
  }
  end() {
    this.settle(false);
    this.writer.end();
  }
  // The end of a whole message. One that was cancelled ends as a failure, and a message of its own says that the attention was heard; with the option
  // attention "within" its last token says both.
  finish() {
    const { session } = this;
    if (session.closed) return;
    if (session.fatal) {
      this.done({ status: done_bit.error });
      this.end();
      session.socket.end();
      return;
    }
    if (session.cancelled) {
      const within = session.server.options.attention === "within";
      this.settle(true);
      this.pending = { form: "done", what: { status: within ? done_bit.attention : done_bit.error } };
      this.end();
      if (!within) session.acknowledge();
      return;
    }
    this.pending ??= { form: "done", what: {} };
    this.end();
  }

  // Speaks all that `events` yields. Gives false when an error came.
  async perform(events, { form }) {
    const { session } = this;
    const options = { collation: session.collation, null_bitmap: session.null_bitmap, length_known: session.server.options.length_known };
    let columns;
    let count = 0;
    let clean = true;
    let open = false;
    const fail = (what) => {
      clean = false;
      this.settle(true);
      this.error(what);
    };
    for await (const event of events) {
      if (session.closed) return false;
      if (session.cancelled && !event.transaction) break;
      if (event.columns) {
        this.settle(true);
        ({ columns } = event);
        count = 0;
        open = true;
        this.write(column_metadata(columns, session.collation));
      } else if (event.rows) {
        try {
          for (const values of event.rows) {
            this.write(row(columns, values, options));
            count++;
          }
        } catch (problem) {
          if (!(problem instanceof ValueError)) throw problem;
          fail({ number: problem.number, text: problem.message });
          this.done({ status: done_bit.error }, form);
          open = false;
          break;
        }
        await this.writer.drained();
      } else if (event.done) {
        this.done({ status: event.done.failed ? done_bit.error : 0, count: event.done.count ?? (open ? count : undefined), command: event.done.command }, form);
        open = false;
      } else if (event.error) {
        fail(event.error);
        if (event.error.class >= 20) session.fatal = true;
      } else if (event.info) {
        this.settle(true);
        this.info(event.info);
      } else if (event.transaction) this.transaction(event.transaction);
      else if (event.database) {
        this.settle(true);
        this.write(env.database(event.database, session.database));
        session.database = event.database;
        this.info({ number: 5701, state: 2, text: `Changed database context to '${event.database}'.` });
      } else if (event.status !== undefined) this.status = event.status;
      else if (event.delay_ms !== undefined) await this.pause(event.delay_ms);
      else if (event.hang) await this.hang(event.hang);
      else if (event.cut) return this.cut(event.cut);
    }
    return clean;
  }
  transaction(verb) {
    const { session } = this;
    this.settle(true);
    if (verb === "begin") this.write(env.begin(session.next_transaction()));
    else if (session.transaction !== 0n) {
      this.write(env[verb](session.transaction));
      session.transaction = 0n;
    }
  }

  // Waits; an attention ends it at once.
  pause(ms) {
    const { session } = this;
    return new Promise((resolve) => {
      const timer = ms === Infinity ? undefined : setTimeout(() => session.on_cancel?.(), ms);
      session.on_cancel = () => {
        clearTimeout(timer);
        session.on_cancel = undefined;
        resolve();
      };
      if (session.cancelled || session.closed) session.on_cancel();
    });
  }
  // A server that hangs: what stands so far goes out, then nothing more. "forever" does not hear an attention either, as a stopped process.
  async hang(how) {
    this.settle(true);
    this.writer.flush();
    return how === "forever" ? this.session.freeze() : this.pause(Infinity);
  }
  // A connection cut in the middle: what stands so far goes out as an unfinished message. "reset" sends RST, else the stream just ends.
  cut(how) {
    const { socket } = this.session;
    this.settle(true);
    this.writer.flush();
    if (how === "reset") socket.resetAndDestroy();
    else socket.destroySoon();
    return new Promise((resolve) => socket.on("close", () => resolve(false)));
  }

  procedure_end(status, values = []) {
    this.settle(true);
    this.write(return_status(status));
    for (const value of values) this.write(return_value(value));
    this.done({ status: status === 0 ? 0 : done_bit.error }, "procedure");
  }
}
