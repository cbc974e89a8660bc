// What a receiver believes of visits and free times, and how it differs from what a scripted service holds (its `standing()`): sorted lines of text.

const seconds = (time) => Date.parse(time) / 1000;
// An instant of the clinic's clock: yyyy-mm-dd and hh:mm(:ss), offset in hours
export const instant = (day, clock, offset = 3) => seconds(`${day}T${clock.slice(0, 5)}:00+${String(offset).padStart(2, "0")}:00`);
export const visit_line = (status, starts, ends) => `${status} ${starts} ${ends}`;
// Free times in steps of half an hour, for neighbours come as one interval.
const STEP = 1800;
export const free_lines = (starts, ends) => Array.from({ length: Math.floor((ends - starts) / STEP) }, (_, step) => `free ${starts + step * STEP}`);
export const today = () => new Date(Date.now() + 3 * 3_600_000).toISOString().slice(0, 10); // in Moscow

export function believed(events, first_day = today()) {
  const visits = new Map();
  const days = new Map();
  for (const { type, subject, data } of events) {
    const kind = type.replace(/^mis\.|\.v\d+$/g, "");
    if (kind === "appointment.removed") visits.delete(data.appointment.id);
    else if (kind.startsWith("appointment.")) visits.set(data.appointment.id, data.appointment);
    else if (kind === "slots.changed" && data.day >= first_day) days.set(`${subject} ${data.day} ${data.part ?? 1}`, data.intervals);
  }
  return {
    appointments: [...visits.values()].map((visit) => visit_line(visit.status, seconds(visit.starts_at), seconds(visit.ends_at))).sort(),
    slots: [...days.values()].flat().filter((slot) => slot.free).flatMap((slot) => free_lines(seconds(slot.starts_at), seconds(slot.ends_at))).sort(),
  };
}

// Of two lists of lines, those that only one has, with who has them.
export function difference(service, receiver) {
  const counts = new Map();
  for (const line of service) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of receiver) counts.set(line, (counts.get(line) ?? 0) - 1);
  return [...counts].filter(([, count]) => count !== 0).map(([line, count]) => `${count > 0 ? "service" : "receiver"}: ${line}`);
}
