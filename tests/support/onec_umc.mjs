// The site exchange of БИТ.Управление медицинским центром as far as it is public (connectors/onec_umc/README.md): POST of JSON with the exchange's key, dictionaries and
// schedules as lists below «Ответ», times as the clinic's own.
import { RestServer } from "./rest_server.mjs";

const stamp = (text) => {
  const found = text?.match(/^(\d\d)\.(\d\d)\.(\d{4}) (\d\d:\d\d:\d\d)$/);
  return found && `${found[3]}-${found[2]}-${found[1]}T${found[4]}`;
};
const failed = (text) => ({ json: { Ответ: { Результат: false, ОписаниеОшибки: text } } });

export class Umc {
  static async start(t, { key = "umc-secret-1" } = {}) {
    const umc = new Umc();
    Object.assign(umc, { key, clinics: [], staff: [], prices: {}, times: [] });
    umc.server = await RestServer.start(t);
    const answer = (handler) => ({ body }) => {
      const asked = JSON.parse(body);
      return asked.Key === umc.key ? handler(asked) : failed("Не удалось получить настройку обмена");
    };
    umc.server.route("POST", "/umc/hs/bwi/DictionaryData", answer((asked) => umc.dictionary(asked)));
    umc.server.route("POST", "/umc/hs/bwi/Schedule", answer((asked) => umc.schedule(asked)));
    return umc;
  }
  get url() {
    return `${this.server.url}/umc/hs/bwi`;
  }
  // start, end: yyyy-mm-ddThh:mm:ss
  add_time({ clinic, doctor, start, end, free = true }) {
    const time = { clinic, doctor, start, end, free };
    this.times.push(time);
    return time;
  }

  dictionary({ Method, Clinic }) {
    if (Method === "GetListClinic") return { json: { Ответ: { Клиника: this.clinics } } };
    if (Method === "GetListEmployees") return { json: { Ответ: { Сотрудник: this.staff } } };
    if (Method === "GetNomenclatureAndPrices" && this.prices[Clinic]) return { json: { Ответ: { Каталог: this.prices[Clinic] } } };
    return failed("Клиника не найдена");
  }
  schedule({ Method, StartDate, FinishDate, Clinic, OnlyFreeTime, Format }) {
    const [from, to] = [StartDate, FinishDate].map(stamp);
    if (Method !== "GetSchedule20" || !from || !to || Format !== "JSON") return { json: { Ответ: { ОшибкаПараметров: "период" } } };
    const within = this.times.filter(({ start, clinic }) => start >= from && start <= to && (!Clinic || clinic === Clinic));
    const rows = [...new Set(within.map(({ clinic, doctor }) => `${clinic} ${doctor}`))].map((pair) => {
      const [clinic, doctor] = pair.split(" ");
      const list = (free) =>
        within.filter((time) => time.clinic === clinic && time.doctor === doctor && time.free === free)
          .map(({ start, end }) => ({ Клиника: clinic, Дата: `${start.slice(0, 10)}T00:00:00`, ВремяНачала: start, ВремяОкончания: end, ВидВремени: "" }));
      return { Клиника: clinic, СотрудникФИО: "Пробный Врач", СотрудникID: doctor, Специализация: "Терапия", ДлительностьПриема: "0001-01-01T00:30:00",
        ПериодыГрафика: { СвободноеВремя: list(true), ЗанятоеВремя: OnlyFreeTime ? [] : list(false) } };
    });
    return { json: { Ответ: { ГрафикДляСайта: rows } } };
  }
}
