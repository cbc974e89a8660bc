// What all invented clinics share: dice that a seed decides, days of the clinic's calendar, invented people.

export class Life {
  constructor(seed = 1) {
    this.state = seed >>> 0 || 1;
  }
  // 0 … below-1
  dice(below) {
    this.state ^= this.state << 13;
    this.state >>>= 0;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    this.state >>>= 0;
    return this.state % below;
  }
  one_of(list) {
    return list.length === 0 ? undefined : list[this.dice(list.length)];
  }
  // yyyy-mm-dd, so many days from today, in Moscow
  day(offset) {
    return new Date(Date.now() + 3 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10);
  }
  now() {
    return new Date(Date.now() + 3 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
  }
  person(number) {
    const female = number % 2 === 1;
    return { last_name: female ? "Тестова" : "Тестов", first_name: female ? "Анна" : "Иван", middle_name: String(number).padStart(3, "0"), phone: `7900${String(number).padStart(7, "0")}`, born: `19${50 + (number % 50)}-0${1 + (number % 9)}-1${number % 10}` };
  }
}

// 9:00, 9:30 … of a day's work
export const half_hours = (from = 9, to = 18) =>
  Array.from({ length: (to - from) * 2 }, (_, step) => [from * 60 + step * 30, from * 60 + step * 30 + 30].map((minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`));
export const in_words = (day, clock) => `${day.slice(8)}.${day.slice(5, 7)} ${clock.slice(0, 5)}`;
