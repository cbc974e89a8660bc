// Change Tracking of SQL Server: keys of the rows that were written or deleted, where the base's
// administrator has switched it on for the table.
//
// What we follow is a version, the number of a commit, with the versions at which the lists of the
// tables began: "120/7,80". A list that was switched off and on again has another one.
//
// The version is asked before a snapshot is taken; what the snapshot shows beyond it is told a
// second time. Whether a version is too old for a list is asked before and after the list is read:
// where the base gives no snapshots it is cut while we read.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "source/odbc/source.hpp"
#include "source/sql_words.hpp"

namespace mis::source::odbc {
namespace {

std::optional<std::int64_t> version_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
    return number;
}

std::string object_id(std::string_view table) {
    std::string text = "object_id('";
    for (const char c : table) text += c == '\'' ? "''" : std::string(1, c);
    return text + "')";
}

}  // namespace

Result<void> OdbcSource::learn_tracked_keys() {
    tracked_keys_.clear();
    if (!asks_tracking_) return {};
    std::string list;
    for (const StreamDeclaration& stream : connector_.streams)
        for (const TrackedTable& tracked : stream.tracked)
            if (catalog_.has_table(tracked.table))
                list += fmt::format(
                    "{}{}", list.empty() ? "" : ", ", object_id(catalog_.written(tracked.table))
                );
    if (list.empty()) return {};
    const auto rows = connection_->query(fmt::format(
        "select t.name, c.name from sys.indexes i join sys.tables t on t.object_id = i.object_id "
        "join sys.index_columns k on k.object_id = i.object_id and k.index_id = i.index_id "
        "join sys.columns c on c.object_id = k.object_id and c.column_id = k.column_id "
        "where i.is_primary_key = 1 and t.object_id in ({}) order by t.name, k.key_ordinal",
        list
    ));
    if (!rows) return fail(rows.error());
    for (const auto& row : *rows)
        tracked_keys_[to_upper(row[0].value_or(""))].push_back(row[1].value_or(""));
    return {};
}

Result<std::vector<OdbcSource::Tracked>> OdbcSource::tracked_of(const StreamDeclaration& stream) {
    std::vector<Tracked> found;
    std::string asked;
    for (const TrackedTable& table : stream.tracked) {
        const auto keys = tracked_keys_.find(to_upper(table.table));
        if (keys == tracked_keys_.end()) continue;  // no such table, or without a primary key
        const std::string name = catalog_.written(table.table);
        Tracked tracked;
        if (table.column.empty()) {
            if (keys->second.size() != 1) continue;  // not the stream's key alone
            tracked.before = fmt::format(
                "select k.{} as {}", catalog_.written(keys->second.front()),
                catalog_.written(stream.key_column)
            );
        } else {
            std::string same;
            for (const std::string& key : keys->second)
                same += fmt::format(
                    "{0}r.{1} = k.{1}", same.empty() ? "" : " and ", catalog_.written(key)
                );
            const std::string column = catalog_.written(table.column);
            tracked.before = fmt::format(
                "select distinct r.{} as {}", column, catalog_.written(stream.key_column)
            );
            tracked.behind =
                fmt::format(" join {} r on {} where r.{} is not null", name, same, column);
        }
        tracked.before += fmt::format(" from changetable(changes {}, ", name);
        asked += fmt::format(
            "{0}change_tracking_min_valid_version({1}), (select min(b.begin_version) from "
            "sys.change_tracking_tables b where b.object_id = {1})",
            asked.empty() ? "select " : ", ", object_id(name)
        );
        found.push_back(std::move(tracked));
    }
    if (found.empty()) return found;
    const auto least = ask(asked, 1);
    if (!least) return fail(least.error().within("asking for the change tracking"));
    for (std::size_t at = 0; at < found.size() && !least->empty(); ++at) {
        found[at].least = version_number(least->front()[2 * at].value_or(""));
        found[at].begun = least->front()[2 * at + 1].value_or("");
    }
    std::erase_if(found, [](const Tracked& tracked) { return !tracked.least; });
    return found;
}

Result<std::optional<std::string>> OdbcSource::told_bound(const std::string& stream) {
    const StreamDeclaration* declared = find(stream);
    MIS_ASSERT(declared != nullptr);
    std::optional<std::string> version;
    if (!asks_tracking_ || declared->tracked.empty()) return version;
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    if (in_pass_) {
        if (auto taken = take_snapshot(); !taken) return fail(taken.error());
        version = snapshot_->tracking_version;
    } else {
        const auto rows = ask("select change_tracking_current_version()", 1);
        if (!rows) return fail(rows.error().within("asking for the change tracking"));
        if (!rows->empty()) version = rows->front()[0];
    }
    if (!version || !version_number(*version)) return std::optional<std::string>();
    const auto tracked = tracked_of(*declared);
    if (!tracked) return fail(tracked.error());
    if (tracked->empty()) return std::optional<std::string>();
    std::string lists;
    for (const Tracked& table : *tracked) lists += (lists.empty() ? "" : ",") + table.begun;
    return *version + "/" + lists;
}

Result<ToldKeys> OdbcSource::told_since(
    const std::string& stream, const std::string& bound, std::size_t most
) {
    const StreamDeclaration* declared = find(stream);
    MIS_ASSERT(declared != nullptr);
    const auto version_of = [](const std::string& text) {
        return version_number(std::string_view(text).substr(0, text.find('/')));
    };
    const auto lists_of = [](const std::string& text) {
        return text.substr(std::min(text.find('/'), text.size()));
    };
    const auto since = version_of(bound);
    ToldKeys told;
    if (!since) return told;
    const auto now = told_bound(stream);
    if (!now) return fail(now.error());
    // below ours: an older base
    if (!*now || version_of(**now).value_or(-1) < *since || lists_of(**now) != lists_of(bound))
        return told;
    const auto is_kept = [&](const std::vector<Tracked>& all) {
        return !all.empty() && std::all_of(all.begin(), all.end(), [&](const Tracked& tracked) {
            return *tracked.least <= *since;
        });
    };
    const auto tracked = tracked_of(*declared);
    if (!tracked) return fail(tracked.error());
    if (!is_kept(*tracked)) return told;
    std::vector<ColumnDeclaration> key;
    for (const ColumnDeclaration& column : declared->columns)
        if (column.name == declared->key_column) key = {column};
    for (const Tracked& table : *tracked) {
        auto keys = keys_of(
            fmt::format("{}{}) k{}", table.before, *since, table.behind), {}, key,
            most + 1 - told.keys.size(), Reuse::never
        );
        if (!keys) return fail(keys.error().within("reading what was changed of " + stream));
        std::move(keys->begin(), keys->end(), std::back_inserter(told.keys));
        if (told.keys.size() > most) return told;
    }
    const auto after = tracked_of(*declared);
    if (!after) return fail(after.error());
    told.complete = after->size() == tracked->size() && is_kept(*after);
    return told;
}

std::string OdbcSource::probe_tracking(const StreamDeclaration& stream, StreamProbe& probe) {
    std::string told;
    if (!asks_tracking_) return told;
    for (const TrackedTable& tracked : stream.tracked) {
        if (!catalog_.has_table(tracked.table)) continue;
        const std::string name = catalog_.written(tracked.table);
        const auto rows = ask(
            fmt::format(
                "select count(*), has_perms_by_name('{}', 'OBJECT', 'VIEW CHANGE TRACKING') from "
                "sys.change_tracking_tables where object_id = {}",
                name, object_id(name)
            ),
            1
        );
        if (!rows || rows->empty() || rows->front()[0] != "1") continue;
        probe.tracked_tables.push_back(to_upper(tracked.table));
        if (rows->front()[1] == "1") {
            told += (told.empty() ? "" : ", ") + name;
            continue;
        }
        probe.remarks.push_back(fmt::format(
            "Change Tracking of {0} is on, but this login may not ask for it, so its deletions and "
            "edits without a stamp are found later than they could be: grant view change tracking "
            "on {0} to {1}",
            name, settings_.base.user
        ));
    }
    return told;
}

}  // namespace mis::source::odbc
