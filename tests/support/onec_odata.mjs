// 1С's standard OData interface as far as it is public (connectors/onec_dental/README.md): Basic, JSON of version 3, $filter, $select, $orderby, $top, $skip, single
// objects by guid, parts of documents inside of them, refusals as odata.error. What is asked for and not understood is refused, as the platform refuses it: a field
// that the configuration has not, an object that is not published, a condition of another form.
import { RestServer } from "./rest_server.mjs";

export const EMPTY = "00000000-0000-0000-0000-000000000000";
export const EMPTY_DATE = "0001-01-01T00:00:00";

// A number that is sent with just these digits.
export class Token {
  constructor(text) {
    this.text = text;
  }
  toJSON() {
    return `\u0001${this.text}\u0001`;
  }
}
const as_text = (value) => JSON.stringify(value).replaceAll(/"\\u0001([^"\\]*)\\u0001"/g, "$1");

const CONDITIONS = /^(\S+) (ge|lt|eq) (datetime'([^']*)'|guid'([^']*)'|true|false)$/;
class Refusal extends Error {
  constructor(status, code, text) {
    super(text);
    Object.assign(this, { status, code });
  }
}

export class OneC {
  // sets: {Catalog_X: {fields: [...], parts: {Часть: [...]}}}: what the configuration has and the administrator published
  static async start(t, { user = "gateway", password = "onec-secret-1", base = "stoma", sets }) {
    const onec = new OneC();
    Object.assign(onec, { user, password, sets, base, rows: Object.fromEntries(Object.keys(sets).map((name) => [name, []])) });
    onec.server = await RestServer.start(t);
    onec.server.route("GET", `/${base}/odata/standard.odata/:asked`, (request) => onec.answer(request));
    return onec;
  }
  get url() {
    return `${this.server.url}/${this.base}/odata/standard.odata`;
  }

  // A row of a set; what it leaves out is empty as 1С has it empty.
  add(set, row) {
    const { fields, parts = {} } = this.sets[set];
    const made = {};
    for (const field of fields)
      made[field] = row[field] ?? (field.endsWith("_Key") ? EMPTY : ["DeletionMark", "Служебный", "IsFolder"].includes(field) ? false : ["Posted", "Active", "ЭтоУслуга"].includes(field) ? true : field.startsWith("Дата") ? EMPTY_DATE : "");
    for (const part of Object.keys(parts)) made[part] = [];
    for (const [part, lines] of Object.entries(row)) if (parts[part]) made[part] = lines.map((line, index) => this.line(part, parts[part], line, row.Ref_Key, index));
    this.rows[set].push(made);
    return made;
  }
  line(part, fields, line, parent, index) {
    const empty = Object.fromEntries(fields.map((field) => [field, field.endsWith("_Key") ? EMPTY : 0]));
    return { Ref_Key: parent, ...empty, LineNumber: String(index + 1), ...line };
  }
  find(set, key) {
    return this.rows[set].find((row) => row.Ref_Key === key);
  }

  answer(request) {
    const expected = `Basic ${Buffer.from(`${this.user}:${this.password}`).toString("base64")}`;
    if (request.headers.authorization !== expected) return { status: 401, text: "<html>Идентификация пользователя не выполнена</html>", type: "text/html" };
    try {
      if (request.query.$format !== "json") throw new Refusal(406, "15", "формат не поддерживается");
      const [, name, key] = request.params.asked.match(/^([^()]+)(?:\(guid'([^']+)'\))?$/) ?? [];
      if (!this.sets[name]) throw new Refusal(404, "9", "Экземпляр сущности не найден");
      if (key !== undefined) {
        const row = this.find(name, key);
        if (!row) throw new Refusal(404, "9", "Экземпляр сущности не найден");
        return this.told({ "odata.metadata": `${this.url}/$metadata#${name}/@Element`, ...this.selected(name, row, request.query.$select) });
      }
      return this.told({ "odata.metadata": `${this.url}/$metadata#${name}`, value: this.list(name, request.query) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, json: { "odata.error": { code: error.code, message: { lang: "ru", value: error.message } } } };
    }
  }
  told(json) {
    return { text: as_text(json) };
  }
  list(name, query) {
    const known = Object.keys(query).filter((option) => !["$format", "$filter", "$select", "$orderby", "$top", "$skip"].includes(option));
    if (known.length > 0) throw new Refusal(400, "6", `не поддерживается: ${known[0]}`);
    let rows = this.rows[name].filter((row) => this.holds(name, row, query.$filter));
    if (query.$orderby) {
      const fields = query.$orderby.split(",");
      for (const field of fields) this.require(name, field);
      const order = (a, b) => {
        for (const field of fields) {
          const [left, right] = field === "LineNumber" ? [Number(a[field]), Number(b[field])] : [a[field], b[field]];
          if (left !== right) return left < right ? -1 : 1;
        }
        return 0;
      };
      rows = rows.toSorted(order);
    }
    rows = rows.slice(Number(query.$skip ?? 0));
    if (query.$top !== undefined) rows = rows.slice(0, Number(query.$top));
    return rows.map((row) => this.selected(name, row, query.$select));
  }
  require(name, field) {
    const [own, inner] = field.split("/");
    const { fields, parts = {} } = this.sets[name];
    if (inner === undefined ? !fields.includes(own) && !parts[own] : !parts[own] || ![...parts[own], "LineNumber", "Ref_Key"].includes(inner))
      throw new Refusal(400, "14", `Ошибка при разборе опции запроса: ${field}`);
  }
  holds(name, row, filter) {
    if (filter === undefined) return true;
    return filter.split(" and ").every((condition) => {
      const [, field, verb, literal, date, guid] = condition.match(CONDITIONS) ?? [];
      if (field === undefined || (guid !== undefined && verb !== "eq") || (date !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(date))) throw new Refusal(400, "14", "Ошибка при разборе опции запроса $filter");
      this.require(name, field);
      const [left, right] = [row[field], date ?? guid ?? literal === "true"];
      return verb === "eq" ? left === right : verb === "ge" ? left >= right : left < right;
    });
  }
  selected(name, row, select) {
    const wanted = select?.split(",") ?? [...this.sets[name].fields, ...Object.keys(this.sets[name].parts ?? {})];
    const made = {};
    for (const field of wanted) {
      this.require(name, field);
      const [own, inner] = field.split("/");
      if (inner === undefined) made[own] = row[own];
      else made[own] = row[own].map((line, index) => ({ ...made[own]?.[index], [inner]: line[inner] }));
      if (inner === undefined && own.endsWith("_Key") && row[own] !== EMPTY) made[`${own.slice(0, -4)}@navigationLinkUrl`] = `${name}(guid'${row.Ref_Key}')/${own.slice(0, -4)}`;
    }
    return made;
  }
}

// The sets of «Стоматологическая клиника» that the connector asks for. Their further fields, medical ones among them, are there too and are not asked for.
export const DENTAL = {
  Catalog_СтруктурныеЕдиницы: { fields: ["Ref_Key", "DataVersion", "Code", "Description", "DeletionMark"] },
  Catalog_Сотрудники: { fields: ["Ref_Key", "DataVersion", "Description", "DeletionMark", "Роль", "Служебный"], parts: { СпецилазацииСотрудника: ["Специализация_Key", "Основная"] } },
  Catalog_Номенклатура: { fields: ["Ref_Key", "DataVersion", "Description", "DeletionMark", "НаименованиеПолное", "ТипНоменклатуры", "ЭтоУслуга"] },
  Catalog_Контрагенты: { fields: ["Ref_Key", "DataVersion", "Description", "DeletionMark", "Телефон", "ДатаРегистрации", "КаналПривлеченияЗначение", "Фамилия", "Имя", "Отчество", "Аллергии"] },
  Document_Событие: {
    fields: ["Ref_Key", "DataVersion", "Number", "Date", "Posted", "DeletionMark", "ДатаОкончания", "Контрагент_Key", "Врач_Key", "СтруктурнаяЕдиница_Key", "Статус", "СтатусПациента", "ТипСобытия", "ИсточникЗаписи_Key", "СсылкаНаПрием_Key", "Комментарий"],
    parts: { Услуги: ["Номенклатура_Key", "Помещение_Key", "Цена"] },
  },
  Document_Прием: {
    fields: ["Ref_Key", "DataVersion", "Number", "Date", "Posted", "DeletionMark", "Контрагент_Key", "Сотрудник_Key", "СтруктурнаяЕдиница_Key", "СуммаДокумента", "СуммаОплачено", "Жалобы"],
    parts: { Лечение: ["Номенклатура_Key", "Количество", "Цена", "Сумма", "Всего", "Сотрудник_Key"] },
  },
  Document_Реализация: {
    fields: ["Ref_Key", "DataVersion", "Number", "Date", "Posted", "DeletionMark", "Контрагент_Key", "Сотрудник_Key", "СтруктурнаяЕдиница_Key", "СуммаДокумента"],
    parts: { Услуги: ["Номенклатура_Key", "Количество", "Цена", "Сумма", "Всего"] },
  },
  Document_ПланЛечения: { fields: ["Ref_Key", "DataVersion", "Number", "Date", "Posted", "DeletionMark", "Контрагент_Key", "Куратор_Key", "Сотрудник_Key", "Статус", "СтруктурнаяЕдиница_Key", "СуммаДокумента", "СуммаОплачено"] },
  AccumulationRegister_Выручка_RecordType: {
    fields: ["Recorder", "Recorder_Type", "Period", "LineNumber", "Active", "ВидОперации", "ТипДенежныхСредств", "Контрагент_Key", "Куратор_Key", "СтруктурнаяЕдиница_Key", "Сумма"],
  },
};
