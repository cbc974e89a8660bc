// Dates and times between text ("2026-03-02 10:00:00.1234567 +03:00") and the numbers of the wire. All arithmetic is in whole 100 ns steps.
const day_ms = 86_400_000;
export const day_steps = 864_000_000_000n; // 100 ns in a day
const days_1900 = 693_595; // from 0001-01-01

const epoch_days = (year, month, day) => {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw new Error(`${year}-${month}-${day} is no date`);
  return Math.round(date.getTime() / day_ms) + 719_162; // from 0001-01-01
};
const pad = (number, width = 2) => String(number).padStart(width, "0");
export function date_text(days) {
  const date = new Date((days - 719_162) * day_ms);
  return `${pad(date.getUTCFullYear(), 4)}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
}

// {days since 0001-01-01, steps since midnight, offset in minutes}
export function parse_time(text) {
  const found = /^(?:(\d{4})-?(\d\d)-?(\d\d))?[T ]*(?:(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?(?::?\d\d)?)?$/.exec(
    String(text).trim(),
  );
  if (!found) throw new Error(`"${text}" is no time that SQL Server can hold`);
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone] = found;
  const days = year === undefined ? days_1900 : epoch_days(Number(year), Number(month), Number(day));
  const steps = BigInt(Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 10_000_000n + BigInt(fraction.padEnd(7, "0").slice(0, 7));
  let offset;
  if (zone !== undefined) {
    const [, sign, hours, minutes = "0"] = /^([+-])(\d\d):?(\d\d)?/.exec(zone === "Z" ? "+00" : zone);
    offset = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  }
  return { days, steps, offset };
}

// To a scale of decimal digits; a time that is rounded up to midnight belongs to the next day.
export function rounded({ days, steps }, scale) {
  const unit = 10n ** BigInt(7 - scale);
  let units = (steps + unit / 2n) / unit;
  if (units * unit >= day_steps) {
    units = 0n;
    days += 1;
  }
  return { days, units };
}

// datetime: days since 1900 and 1/300 s; smalldatetime: days since 1900 and minutes, from half a minute on the next one.
export function datetime_parts({ days, steps }) {
  let ticks = (steps * 300n + 5_000_000n) / 10_000_000n;
  if (ticks >= 25_920_000n) [ticks, days] = [0n, days + 1];
  return { days: days - days_1900, ticks: Number(ticks) };
}
export function smalldatetime_parts({ days, steps }) {
  let minutes = Number((steps + 300_000_000n) / 600_000_000n);
  if (minutes >= 1440) [minutes, days] = [0, days + 1];
  return { days: days - days_1900, minutes };
}

export function clock_text(steps, digits) {
  const seconds = Number(steps / 10_000_000n);
  const text = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  return digits === 0
    ? text
    : `${text}.${String(steps % 10_000_000n)
        .padStart(7, "0")
        .slice(0, digits)}`;
}
export const datetime_text = (days, ticks) => `${date_text(days + days_1900)} ${clock_text(BigInt(Math.round((ticks * 10) / 3)) * 10_000n, 3)}`;
export const offset_text = (minutes) => `${minutes < 0 ? "-" : "+"}${pad(Math.floor(Math.abs(minutes) / 60))}:${pad(Math.abs(minutes) % 60)}`;
// Local days and steps moved by minutes: between a local time and UTC.
export function shifted({ days, steps }, minutes) {
  let moved = steps + BigInt(minutes) * 600_000_000n;
  while (moved < 0n) [moved, days] = [moved + day_steps, days - 1];
  while (moved >= day_steps) [moved, days] = [moved - day_steps, days + 1];
  return { days, steps: moved };
}
