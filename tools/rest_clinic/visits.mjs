// The life of a clinic whose service has little more than visits: booked, moved, and marked in the words of the system; deleted for good where it finds that out.
import { believed, instant, visit_line } from "../../tests/support/rest_belief.mjs";
import { half_hours, in_words } from "./life.mjs";

// list: the name of the service's member · start_of(visit): its start as yyyy-mm-dd hh:mm:ss · add(service, life, {id, day, begin, end}) · put(visit, {day, begin, end}) ·
// marks: {action: [weight, (visit) => it is changed]} of visits that are open · is_open(visit) · status(visit): the canonical one; nothing: no visit · deletes: whether a visit that is gone is noticed
export function visits_of({ list, start_of, end_of, add, put, marks, is_open, status, deletes = true }) {
  const free = (service, life, from, to) => {
    const [day, [begin, end]] = [life.day(from + life.dice(to - from + 1)), life.one_of(half_hours())];
    return { day, begin: `${begin}:00`, end: `${end}:00` };
  };
  const words = (visit) => in_words(start_of(visit).slice(0, 10), start_of(visit).slice(11));
  const book = (service, life, place) => {
    service.next_visit = (service.next_visit ?? 5000) + 1;
    add(service, life, { id: service.next_visit, ...place });
    return service[list].at(-1);
  };
  const open = (service, life) => life.one_of(service[list].filter((visit) => is_open(visit) && start_of(visit).slice(0, 10) > life.day(0)));
  const on_open = (act) => (service, life) => {
    const visit = open(service, life);
    return visit && act(service, life, visit);
  };
  return {
    kept: [list, "next_visit"],
    furnish(service, life, count = 150) {
      for (let made = 0; made < count; ++made) book(service, life, free(service, life, -3, 20));
    },
    actions: {
      book: [6, (service, life) => `a visit, ${words(book(service, life, free(service, life, 1, 20)))}`],
      move: [3, on_open((service, life, visit) => {
        const before = words(visit);
        put(visit, free(service, life, 1, 20));
        return `a visit, ${before} to ${words(visit)}`;
      })],
      ...Object.fromEntries(Object.entries(marks).map(([action, [weight, mark]]) => [action, [weight, on_open((service, life, visit) => (mark(visit), `a visit, ${words(visit)}`))]])),
      ...(deletes ? { delete: [1, on_open((service, life, visit) => (service[list].splice(service[list].indexOf(visit), 1), `a visit, for good, ${words(visit)}`))] } : {}),
    },
    rows: (service) => service[list].filter(status).length,
    standing: (service) => {
      const at = (text) => instant(text.slice(0, 10), text.slice(11, 16));
      return { appointments: service[list].filter(status).map((visit) => visit_line(status(visit), at(start_of(visit)), at(end_of(visit)))).sort() };
    },
    believed: (events) => ({ appointments: believed(events).appointments }),
  };
}
