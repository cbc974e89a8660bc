// What a probe says of the login's rights: what it can do beyond reading, and the statements that a
// login of its own needs.
#include <fmt/format.h>

#include <cstdlib>
#include <set>
#include <utility>

#include "source/firebird/source.hpp"
#include "source/sql_words.hpp"

namespace mis::source::firebird {
namespace {

// Types of objects in RDB$DEPENDENCIES.
constexpr int kRelation = 0, kView = 1, kProcedure = 5, kFunction = 15, kPackage = 18,
              kPackageBody = 19;

}  // namespace

Result<void> FirebirdSource::probe_rights(ProbeReport& report) {
    auto who = ask("select current_user, current_role from rdb$database", {});
    if (!who) return fail(who.error());
    const std::string user = who->front()[0].value_or("");
    const std::string role = who->front()[1].value_or("NONE");
    report.login = role == "NONE" ? user : user + " in role " + role;

    if (user == "SYSDBA" || role == "RDB$ADMIN")
        report.write_rights.push_back(report.login + " may do anything");
    auto owner =
        ask("select rdb$owner_name from rdb$relations where rdb$relation_name = 'RDB$DATABASE'",
            {});
    if (!owner) return fail(owner.error());
    if (!owner->empty() && owner->front()[0] == user && user != "SYSDBA")
        report.write_rights.push_back(user + " owns the base");
    auto owned =
        ask("select count(*) from rdb$relations where coalesce(rdb$system_flag, 0) = 0 and "
            "rdb$owner_name = current_user",
            {});
    if (!owned) return fail(owned.error());
    if (!owned->empty() && owned->front()[0] != "0" && user != "SYSDBA")
        report.write_rights.push_back(
            fmt::format("{} owns {} tables", user, owned->front()[0].value_or(""))
        );
    auto grants =
        ask("select distinct p.rdb$relation_name, p.rdb$privilege from rdb$user_privileges p"
            " join rdb$relations r on r.rdb$relation_name = p.rdb$relation_name"
            " where p.rdb$privilege in ('I', 'U', 'D') and p.rdb$object_type = 0 and "
            "coalesce(r.rdb$system_flag, 0) = 0"
            " and (p.rdb$user = current_user or p.rdb$user = 'PUBLIC' or p.rdb$user = current_role)"
            " and (r.rdb$owner_name <> current_user) order by 1, 2",
            {});
    if (!grants) return fail(grants.error());
    constexpr std::size_t kNamedMax = 20;
    for (const auto& grant : *grants) {
        if (report.write_rights.size() >= kNamedMax) {
            report.write_rights.push_back(fmt::format("and more, {} in all", grants->size()));
            break;
        }
        const std::string privilege = grant[1].value_or("");
        const std::string_view verb = privilege == "I"   ? "insert into"
                                      : privilege == "U" ? "update"
                                                         : "delete from";
        report.write_rights.push_back(fmt::format("{} may {} {}", user, verb, grant[0].value_or(""))
        );
    }

    // with a login of its own already: what that one lacks, else what a new one needs
    const bool restricted = !user.empty() && report.write_rights.empty();
    if (settings_.host.empty())
        report.write_rights.insert(
            report.write_rights.begin(),
            "embedded access checks no password: whoever may open the file may write it"
        );
    const std::string reader = restricted ? user : "MIS_GATEWAY";
    if (!restricted) report.sufficient_grants.push_back("create user MIS_GATEWAY password '…'");
    auto granted = grants_for(report, reader);
    if (!granted) return fail(granted.error());
    report.sufficient_grants.insert(
        report.sufficient_grants.end(), granted->begin(), granted->end()
    );
    return {};
}

Result<std::vector<std::string>> FirebirdSource::grants_for(
    const ProbeReport& report, const std::string& reader
) {
    std::set<std::pair<int, std::string>> needed;  // type of object, name
    for (const StreamProbe& stream : report.streams) {
        for (const auto& name : stream.tables) needed.emplace(kRelation, name);
        for (const auto& name : stream.procedures) needed.emplace(kProcedure, name);
        for (const auto& name : stream.functions) needed.emplace(kFunction, name);
        for (const auto& name : stream.packages) needed.emplace(kPackage, name);
    }
    // What a procedure or function reads it reads with the caller's rights and its own.
    std::vector<std::pair<int, std::string>> open(needed.begin(), needed.end());
    while (!open.empty()) {
        const auto [type, name] = open.back();
        open.pop_back();
        if (type == kRelation) continue;  // of a view the rights of its owner count
        auto used =
            ask("select distinct d.rdb$depended_on_type, d.rdb$depended_on_name "
                "from rdb$dependencies d where d.rdb$dependent_name = ? and "
                "d.rdb$dependent_type = ? and d.rdb$depended_on_type in (0, 1, 5, 15, 18) "
                "and not exists (select 1 from rdb$user_privileges p where p.rdb$user = "
                "d.rdb$dependent_name and p.rdb$user_type = d.rdb$dependent_type and "
                "p.rdb$relation_name = d.rdb$depended_on_name and p.rdb$privilege in ('S', 'X'))",
                {name, std::to_string(type == kPackage ? kPackageBody : type)});
        if (!used) return fail(used.error());
        for (const auto& row : *used) {
            int kind = std::atoi(row[0].value_or("0").c_str());
            if (kind == kView) kind = kRelation;
            const std::string object = row[1].value_or("");
            if (!object.starts_with("RDB$") && needed.emplace(kind, object).second)
                open.emplace_back(kind, object);
        }
    }
    std::vector<std::string> grants;
    for (const auto& [type, name] : needed) {
        const std::string right = type == kProcedure  ? "execute on procedure "
                                  : type == kFunction ? "execute on function "
                                  : type == kPackage  ? "execute on package "
                                                      : "select on ";
        grants.push_back(
            fmt::format("grant {}{} to {}", right, written_name(name), written_name(reader))
        );
    }
    return grants;
}

}  // namespace mis::source::firebird
