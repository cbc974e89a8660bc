// A partner's people keep limits in Bitrix24: granted, raised, withdrawn, cancelled, deleted. No visits: what is compared is what is granted.
import { Bitrix24 } from "../../../tests/support/bitrix24.mjs";

const TYPE = 1038;
const stage = (name) => `DT1038_10:${name}`;
const limits = (portal) => portal.types.get(TYPE);
const of_stage = (portal, life, ...names) => life.one_of(limits(portal).filter((item) => names.map(stage).includes(item.stageId)));
// Sums differ from item to item, so that a sum tells whose it is.
const sum = (life, id) => 1000 * (5 + life.dice(40)) + id / 100;
function add_contact(portal, life) {
  const id = portal.types.get(3).length + 1;
  const { last_name, first_name, middle_name, phone, born } = life.person(id);
  portal.put(3, { id, lastName: last_name, name: first_name, secondName: middle_name, birthdate: `${born}T03:00:00+03:00`, typeId: "CLIENT", fm: [{ id, valueType: "MOBILE", value: phone, typeId: "PHONE" }] });
  return id;
}
function add_limit(portal, life, name) {
  portal.next_item = (portal.next_item ?? 0) + 1;
  const id = portal.next_item;
  portal.put(TYPE, { id, title: "", contactId: add_contact(portal, life), opportunity: sum(life, id), currencyId: "RUB", categoryId: 10, stageId: stage(name), UF_CRM_5_1700000003: `Б-${id}` });
}
const change = (portal, item, fields) => item && portal.put(TYPE, { id: item.id, ...fields }) && `the limit Б-${item.id}`;

export default {
  start: (t) => Bitrix24.start(t),
  kept: ["kept_types", "next_item", "clock"],
  settings: (portal) => ({
    url: portal.url, user: portal.user, secret: portal.code, register: true,
    site: { limit_type: String(TYPE), granted_stages: stage("GRANTED"), draft_stages: stage("NEW"), cancelled_stages: stage("FAIL"), policy_field: "UF_CRM_5_1700000003", partner: "яБартер Тест" },
  }),

  furnish(portal, life) {
    portal.types.set(TYPE, []);
    for (let count = 0; count < 130; ++count) add_limit(portal, life, life.dice(4) === 0 ? "NEW" : "GRANTED");
  },
  actions: {
    draft: [2, (portal, life) => (add_limit(portal, life, "NEW"), "a limit is asked for")],
    grant: [4, (portal, life) => change(portal, of_stage(portal, life, "NEW"), { stageId: stage("GRANTED") })],
    change: [4, (portal, life) => {
      const item = of_stage(portal, life, "GRANTED");
      return item && change(portal, item, { opportunity: sum(life, item.id) });
    }],
    withdraw: [1, (portal, life) => change(portal, of_stage(portal, life, "GRANTED"), { stageId: stage("NEW") })],
    cancel: [2, (portal, life) => change(portal, of_stage(portal, life, "GRANTED"), { stageId: stage("FAIL") })],
    delete: [1, (portal, life) => {
      const item = of_stage(portal, life, "GRANTED", "NEW");
      if (!item) return undefined;
      portal.remove(TYPE, item.id);
      return `the limit Б-${item.id}`;
    }],
  },

  held: (portal) => ({ patient: portal.types.get(3).length, limit: limits(portal).filter(({ stageId }) => stageId !== stage("NEW")).length }),
  standing: (portal) => ({ limits: limits(portal).filter(({ stageId }) => stageId === stage("GRANTED")).map(({ opportunity }) => String(Math.round(opportunity * 100))).sort() }),
  believed(events) {
    const open = new Map();
    for (const { type, data } of events) {
      const kind = type.replace(/^mis\.|\.v\d+$/g, "");
      if (kind === "limit.opened" || kind === "limit.granted") open.set(data.limit, String(data.granted.minor));
      if (kind === "limit.closed") open.delete(data.limit);
    }
    return { limits: [...open.values()].sort() };
  },
};
