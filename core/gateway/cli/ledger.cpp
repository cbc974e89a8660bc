// Commands for people with books: plan, limit, report. They show what was announced, which is what
// the exchange believes.
#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "domain/attribution/channel_report.hpp"
#include "domain/history.hpp"
#include "domain/limit_ledger/comment.hpp"
#include "gateway/cli/orders.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "platform/file.hpp"
#include "record/mask.hpp"

namespace mis::gateway::cli {
namespace {

constexpr std::size_t kShortId = 12;

// The standing announcements of the group that the id leads to, else of every group, one after
// another.
void for_each_group(
    Session& session, const std::string& id,
    const std::function<void(const domain::Announced&)>& visit
) {
    const domain_store::GroupStore groups(session.store->database());
    if (const auto group = groups.group_of_entity(id); group && !id.empty())
        return visit(parse_announced({groups.announced(*group)}));
    std::int64_t after = 0;
    for (;;) {
        const auto page = groups.groups_after(after, domain_store::GroupStore::kPerPage);
        if (page.empty()) return;
        for (const auto group : page) {
            after = group;
            const std::string text = groups.announced(group);
            if (JsonView(text).find("standing").absent()) continue;  // free times are no books
            if (const auto announced = domain::Announced::from_text(text)) visit(*announced);
        }
    }
}

std::string joined_text(const Json& list) {
    std::string out;
    for (const auto& item : list) out += (out.empty() ? "" : " ") + item.get<std::string>();
    return out;
}

std::string state_of(
    const domain::Announced& announced, const std::string& plan, const std::string& item
) {
    const auto* told = announced.find("item/" + plan + "/" + item);
    if (told == nullptr) return "planned";
    std::string state = told->data.find("after").string();
    if (state.empty()) state = "planned";
    if (state == "void" && told->data.contains("reason"))
        state += " (" + told->data.find("reason").string() + ")";
    return state;
}

// The items of the plan's list, and those that were taken off it after something became of them.
Json known_items(const domain::Announced& announced, const Json& plan) {
    Json items = plan.value("items", Json::array());
    std::set<std::string> listed;
    for (const auto& item : items) listed.insert(item.value("id", ""));
    const std::string prefix = "item/" + plan.value("id", "") + "/";
    for (auto at = announced.standing.lower_bound(prefix);
         at != announced.standing.end() && at->first.starts_with(prefix); ++at) {
        const Json told = at->second.data.tree();
        if (!listed.contains(at->first.substr(prefix.size())) && told.contains("item"))
            items.push_back(told["item"]);
    }
    return items;
}

// As the table shows it: the first characters of a plan's id.
std::string short_id(const std::string& id) { return id.substr(0, kShortId); }

bool names_plan(const std::string& id, const Json& told) {
    const Json& plan = told.at("plan");
    const std::string plan_id = plan.value("id", "");
    return id == plan_id || id == short_id(plan_id) || id == plan.value("order", "") ||
           id == told.value("patient", "");
}

void print_plan(
    const Common& common, const domain::Announced& announced, const Json& told, Table& table
) {
    const Json& plan = told.at("plan");
    const std::string id = plan.value("id", ""), order = plan.value("order", "");
    const bool closed = told.value("closed", false);
    const std::string name = order.empty() ? short_id(id) : order;
    const Json items = known_items(announced, plan);
    const Json head{
        {"plan", id}, {"patient", told.value("patient", "")}, {"order", order}, {"closed", closed}};
    if (items.empty()) {  // some systems tell of a plan, and nothing of what it holds
        if (common.output == Output::json)
            print_json(head);
        else
            table.add({name, closed ? "closed" : "open", "-", "", "", "", "", "", ""});
    }
    for (const auto& item : items) {
        const std::string state = state_of(announced, id, item.value("id", ""));
        if (common.output == Output::json) {
            Json out = head;
            out["item"] = item;
            out["state"] = state;
            print_json(out);
        } else {
            const std::string code =
                item.contains("nomenclature") && item["nomenclature"].is_string()
                    ? item["nomenclature"].get<std::string>()
                    : item.value("service_code", "");
            table.add(
                {name, closed ? "closed" : "open", short_id(item.value("id", "")),
                 std::to_string(item.value("stage", 1)), code,
                 joined_text(item.value("teeth", Json::array())), item.value("quantity", "1"),
                 item.contains("total") ? money_text(item["total"]) : "", state}
            );
        }
    }
}

Result<std::vector<domain::ChannelCost>> read_costs(
    const std::filesystem::path& file, const std::string& currency
) {
    std::vector<domain::ChannelCost> costs;
    if (file.empty()) return costs;
    int number = 0;
    std::string text = platform::read_file(file);
    if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
    for (const auto line : split(text, '\n')) {
        ++number;
        const auto trimmed = trim(line);
        if (trimmed.empty() || (number == 1 && fold(trimmed).starts_with("channel"))) continue;
        // Excel of a country with decimal commas parts by semicolons.
        const auto parted = trimmed.rfind(trimmed.find(';') == std::string_view::npos ? ',' : ';');
        const auto cost = parted == std::string_view::npos
                              ? std::nullopt
                              : parse_minor_units(trimmed.substr(parted + 1));
        if (!cost)
            return fail(
                ErrorKind::misconfigured,
                file.string() + ":" + std::to_string(number) +
                    ": a line channel,cost is expected, such as Google,15000.00"
            );
        costs.push_back(
            {std::string(trim(trimmed.substr(0, parted))),
             Money{cost->minor, *Currency::parse(currency)}}
        );
    }
    return costs;
}

}  // namespace

int plan(const Common& common, const std::string& id) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        Table table(
            {"plan", "state", "item", "stage", "work", "teeth", "quantity", "agreed", "item is"},
            {7}
        );
        bool any = false;
        for_each_group(session, id, [&](const domain::Announced& announced) {
            for (const auto& [key, standing] : announced.standing) {
                if (!key.starts_with("plan/") || !standing.data.contains("plan")) continue;
                const Json told = standing.data.tree();
                if (!id.empty() && !names_plan(id, told)) continue;
                any = true;
                print_plan(common, announced, told, table);
            }
        });
        const auto order = order_standing(session, id);
        if (!any && !order && !id.empty())
            return report_error(
                "plan: nothing is known under " + id +
                ": looked for a plan's id, an order's id and a patient's pseudonym; `mis-gateway "
                "plan` lists all plans, `mis-gateway order list` all orders"
            );
        // A plan that was announced before its order lost its patient is shown, too.
        const bool waits = order && (!any || order->state != OrderStanding::State::linked);
        if (common.output == Output::json) {
            if (waits) print_json(order_json(session, *order));
            return kDone;
        }
        if (any) table.print();
        if (waits) print_line(order_text(session, *order));
        if (!any && !waits) print_line("no plans yet; orders that wait: `mis-gateway order list`");
        return kDone;
    });
}

int limit(const Common& common, const std::string& id) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        Table table(
            {"account", "kind", "state", "granted", "consumed", "remaining", "overrun"},
            {3, 4, 5, 6}
        );
        bool any = false;
        for_each_group(session, id, [&](const domain::Announced& announced) {
            for (const auto& [key, standing] : announced.standing) {
                if (!key.starts_with("limit/")) continue;
                const Json told = standing.data.tree();
                const Json account = told.value("limit", Json());
                const std::string limit_id = account.is_object()   ? account.value("id", "")
                                             : account.is_string() ? account.get<std::string>()
                                                                   : key.substr(6);
                if (!id.empty() && id != limit_id && id != told.value("patient", "")) continue;
                any = true;
                // The figures are those of today: grants and consumption since the last
                // announcement of the account itself are in its charges.
                const auto granted = money_from_json(told.value("granted", Json()));
                const Money given = granted.value_or(Money{});
                const Money none{0, given.currency};
                Money consumed = announced.consumed(limit_id);
                consumed.currency = given.currency;
                const Money remaining = given > consumed ? given - consumed : none;
                const Money overrun = consumed > given ? consumed - given : none;
                const std::string kind = told.value("kind", "");
                const std::string state = told.value("closed", false) ? "closed" : "open";
                if (common.output == Output::json)
                    print_json(
                        {{"limit", limit_id},
                         {"patient", told.value("patient", "")},
                         {"kind", kind},
                         {"state", state},
                         {"granted", to_json_value(given)},
                         {"consumed", to_json_value(consumed)},
                         {"remaining", to_json_value(remaining)},
                         {"overrun", to_json_value(overrun)}}
                    );
                else
                    table.add(
                        {limit_id, kind, state, money_text(to_json_value(given)),
                         money_text(to_json_value(consumed)), money_text(to_json_value(remaining)),
                         money_text(to_json_value(overrun))}
                    );
            }
        });
        if (!any && !id.empty())
            return report_error(
                "limit: nothing is known under " + id +
                ": looked for an account's id and a patient's pseudonym; `mis-gateway limit` lists "
                "all accounts"
            );
        if (common.output == Output::table) {
            if (any)
                table.print();
            else
                print_line("no accounts yet");
        }
        return kDone;
    });
}

int limit_comments(const Common& common, const LimitComments& what) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        struct Unread {
            RecordKey visit;
            std::string patient, starts_at, comment;
        };
        std::vector<Unread> found;
        const change::RecordStore records(session.store->database());
        const auto meaning = session.meaning();
        records.by_kind("", "appointment", [&](const change::StandingRecord& record) {
            const JsonView body(record.body);
            std::string comment = body.find("comment").string();
            if (comment.empty() || !domain::parse_limit_comment(comment).unread) return;
            if (domain::is_history(record.key, record.body, meaning->rules())) return;
            const std::string patient = body.find("patient_source_id").string();
            found.push_back(
                {record.key,
                 patient.empty() ? ""
                                 : session.store->identity().pseudonym(record.key.source, patient),
                 body.find("starts_at").string(), std::move(comment)}
            );
        });
        std::stable_sort(found.begin(), found.end(), [](const Unread& a, const Unread& b) {
            return Timestamp::parse_rfc3339(a.starts_at) > Timestamp::parse_rfc3339(b.starts_at);
        });
        const std::size_t all = found.size();
        if (all > static_cast<std::size_t>(what.limit))
            found.resize(static_cast<std::size_t>(what.limit));
        if (what.privacy == Privacy::unmasked) session.audit_look("limit comments");
        Table table({"source", "visit", "starts", "patient", "comment"}, {});
        for (const Unread& one : found) {
            const std::string comment =
                what.privacy == Privacy::unmasked ? one.comment : record::mask_shape(one.comment);
            if (common.output == Output::json)
                print_json(
                    {{"source", one.visit.source},
                     {"appointment", one.visit.source_id},
                     {"starts_at", one.starts_at},
                     {"patient", one.patient},
                     {"comment", comment}}
                );
            else
                table.add(
                    {one.visit.source, one.visit.source_id, one.starts_at, one.patient, comment}
                );
        }
        if (common.output == Output::json) return kDone;
        if (all == 0) {
            print_line("every comment with «лимит» or «бартер» was read");
            return kDone;
        }
        table.print();
        if (found.size() < all)
            print_line(
                std::to_string(all - found.size()) + " more: --limit " + std::to_string(all) +
                " shows all"
            );
        return kDone;
    });
}

namespace {

// Group by group, so that memory holds one at a time; then who was captured and has no meaning yet.
domain::ChannelReport channel_report(
    Session& session, const Meaning& meaning, const std::optional<domain::ChannelPeriod>& period
) {
    sqlite::Database& database = session.store->database();
    const change::RecordStore records(database);
    domain::ChannelReport report(period);
    domain::SeveralSources sources;
    sources.is_history = [&](const domain::RecordFact& fact) {
        return domain::is_history(fact.key, fact.body, meaning.rules());
    };
    sources.account_kind = [&](const std::string& source, const std::string& id) {
        const auto account = records.find({source, "limit", id});
        return account ? JsonView(account->body).find("kind").string() : std::string();
    };
    const std::int64_t now_us = session.clock.unix_us();
    const domain_store::GroupStore groups(database);
    for (std::int64_t after = 0;;) {
        const auto page = groups.groups_after(after, domain_store::GroupStore::kPerPage);
        if (page.empty()) break;
        after = page.back();
        for (const auto group : page) {
            const auto parties = groups.parties(group);
            const bool of_patients =
                std::any_of(parties.begin(), parties.end(), [](const auto& party) {
                    return party.kind == domain_store::PartyKind::patient;
                });
            if (!of_patients) continue;
            const auto facts = meaning.facts_of(group, now_us);
            sources.links = facts.patient_links;
            report.add(facts.records, sources);
        }
    }
    sources.links = {};
    auto strangers = database.prepare(
        "select p.source, cast(p.key as text) from party p where p.kind = 1 and not exists (select "
        "1 from group_party g where g.kind = 1 and g.source = p.source and g.key = cast(p.key as "
        "text))"
    );
    while (strangers.step()) {
        std::vector<domain::RecordFact> facts;
        for (auto& record : records.standing_of_patient(strangers.string(0), strangers.string(1)))
            facts.push_back(
                {std::move(record.key), record.version, record.since_us, std::move(record.body)}
            );
        report.add(facts, sources);
    }
    return report;
}

}  // namespace

int report(const Common& common, const Report& what) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const auto costs = read_costs(what.costs, session.config.currency);
        if (!costs) return report_error(costs.error());
        std::optional<domain::ChannelPeriod> period;
        if (!what.from.empty() || !what.to.empty()) {
            const auto from = Date::parse_iso(what.from.empty() ? "0001-01-01" : what.from);
            const auto to = Date::parse_iso(what.to.empty() ? "9998-12-31" : what.to);
            if (!from || !to) {
                report_error("report: --from and --to are days, such as 2026-03-01");
                return kUsage;
            }
            period = domain::ChannelPeriod{*from, to->plus_days(1), session.config.clinic_zone};
        }
        const auto meaning = session.meaning();
        const auto report = channel_report(session, *meaning, period);
        Table table(
            {"channel", "first visits", "income", "barter", "gift", "cost", "ROI %"},
            {1, 2, 3, 4, 5, 6}
        );
        for (const auto& row : report.rows(*costs)) {
            const std::string name = row.kind == domain::ChannelRowKind::channel ? row.channel
                                     : row.kind == domain::ChannelRowKind::recommended
                                         ? "(recommended)"
                                         : "(unknown)";
            if (common.output == Output::json) {
                Json out{
                    {"channel", name},
                    {"first_visits", row.first_visits},
                    {"income", to_json_value(row.income)},
                    {"barter", to_json_value(row.barter)},
                    {"gift", to_json_value(row.gift)}};
                if (row.cost) out["cost"] = to_json_value(*row.cost);
                if (row.roi_percent) out["roi_percent"] = row.roi_percent->to_string();
                print_json(out);
            } else {
                table.add(
                    {name, std::to_string(row.first_visits), money_text(to_json_value(row.income)),
                     money_text(to_json_value(row.barter)), money_text(to_json_value(row.gift)),
                     row.cost ? money_text(to_json_value(*row.cost)) : "",
                     row.roi_percent ? row.roi_percent->to_string() : ""}
                );
            }
        }
        if (common.output == Output::table) table.print();
        return kDone;
    });
}

}  // namespace mis::gateway::cli
