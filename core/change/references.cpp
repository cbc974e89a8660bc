#include "change/references.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "change/stream_state.hpp"

namespace mis::change {
namespace {

struct Reference {
    std::string_view kind, field, named_kind, named;
};
constexpr std::array kReferences{
    Reference{"appointment", "patient_source_id", "patient", "a patient"},
    Reference{"appointment", "practitioner_source_id", "practitioner", "a doctor"},
    Reference{"appointment", "limit_source_id", "limit", "an account"},
    Reference{"procedure", "patient_source_id", "patient", "a patient"},
    Reference{"procedure", "practitioner_source_id", "practitioner", "a doctor"},
    Reference{"procedure", "appointment_source_id", "appointment", "an appointment"},
    Reference{"procedure", "limit_source_id", "limit", "an account"},
    Reference{"procedure", "plan_item_source_id", "plan_item", "a plan's item"},
    Reference{"payment", "patient_source_id", "patient", "a patient"},
    Reference{"payment", "limit_source_id", "limit", "an account"},
    Reference{"limit", "patient_source_id", "patient", "a patient"},
    Reference{"plan", "patient_source_id", "patient", "a patient"},
    Reference{"plan", "practitioner_source_id", "practitioner", "a doctor"},
    Reference{"plan_item", "plan_source_id", "plan", "a plan"},
    Reference{"shift", "practitioner_source_id", "practitioner", "a doctor"},
    Reference{"busy", "practitioner_source_id", "practitioner", "a doctor"},
    Reference{"slot", "practitioner_source_id", "practitioner", "a doctor"},
};

constexpr std::string_view kBaselinePrefix = "dangling/";  // in source_state

struct Stream {
    std::int64_t id;
    std::string source, name, kind;
};

std::vector<Stream> complete_streams(sqlite::Database& database, const std::string& source) {
    auto select = database.prepare(
        "select s.id, s.source, s.name, s.kind from change_stream s join stream_state t on "
        "t.stream = s.id and t.name = 'backfill' and t.value = ?2 "
        "where ?1 = '' or s.source = ?1 order by s.source, s.id"
    );
    select.with(source, static_cast<int>(Backfill::done));
    std::vector<Stream> streams;
    while (select.step())
        streams.push_back({select.integer(0), select.string(1), select.string(2), select.string(3)}
        );
    return streams;
}

// A kind that is split over streams counts once all of them were read.
bool is_read_whole(
    sqlite::Database& database, const std::string& source, std::string_view kind,
    std::size_t complete
) {
    auto select =
        database.prepare("select count(*) from change_stream where source = ?1 and kind = ?2");
    select.with(source, kind).step();
    return complete > 0 && select.integer(0) == static_cast<std::int64_t>(complete);
}

const Reference* find_reference(std::string_view kind, std::string_view field) {
    for (const auto& reference : kReferences)
        if (reference.kind == kind && reference.field == field) return &reference;
    return nullptr;
}

}  // namespace

std::vector<DanglingReference> dangling_references(
    sqlite::Database& database, const std::string& source
) {
    std::vector<DanglingReference> found;
    const auto streams = complete_streams(database, source);
    for (const Stream& stream : streams)
        for (const Reference& reference : kReferences) {
            if (reference.kind != stream.kind) continue;
            std::string named;
            std::size_t complete = 0;
            for (const Stream& other : streams) {
                if (other.source != stream.source || other.kind != reference.named_kind) continue;
                named += (named.empty() ? "" : ",") + std::to_string(other.id);
                ++complete;
            }
            if (!is_read_whole(database, stream.source, reference.named_kind, complete)) continue;
            // A key is a number in the store where it is one in its only spelling (key.hpp).
            auto select = database.prepare(
                "select key, (select count(*) from record where stream = ?1 and pos is not null) "
                "from (select r.key as key, json_extract(j.body, '$." +
                std::string(reference.field) +
                "') as named from record r join journal j on j.pos = r.pos where r.stream = ?1) "
                "where named is not null and not exists (select 1 from record n where n.stream in "
                "(" +
                named +
                ") and n.pos is not null and n.key = case when cast(cast(named as integer) as "
                "text) = named and length(ltrim(named, '-')) <= 18 then cast(named as integer) "
                "else named end)"
            );
            DanglingReference dangling{
                stream.source,
                stream.name,
                stream.kind,
                std::string(reference.field),
                std::string(reference.named_kind),
                0,
                0,
                {}};
            for (select.with(stream.id); select.step(); ++dangling.records) {
                if (std::ssize(dangling.examples) < kReferenceExamplesMax)
                    dangling.examples.push_back(select.string(0));
                dangling.of = select.integer(1);
            }
            if (dangling.records > 0) found.push_back(std::move(dangling));
        }
    return found;
}

std::string describe(const DanglingReference& dangling) {
    const Reference* reference = find_reference(dangling.kind, dangling.field);
    std::string text = std::to_string(dangling.records) + " of " + std::to_string(dangling.of) +
                       " records of " + dangling.stream + " name " +
                       std::string(reference ? reference->named : dangling.named_kind) +
                       " that no record of this source has: ";
    for (std::size_t i = 0; i < dangling.examples.size(); ++i)
        text += (i > 0 ? ", " : "") + dangling.examples[i];
    if (dangling.records > std::ssize(dangling.examples)) text += " …";
    return text;
}

std::vector<ReferenceBaseline> reference_baselines(
    sqlite::Database& database, const std::string& source
) {
    auto select = database.prepare(
        "select name, value from source_state where source = ?1 and name like 'dangling/%'"
    );
    std::vector<ReferenceBaseline> baselines;
    for (select.with(source); select.step();) {
        const std::string name = select.string(0).substr(kBaselinePrefix.size());
        const auto slash = name.rfind('/');
        if (slash != std::string::npos)
            baselines.push_back(
                {name.substr(0, slash), name.substr(slash + 1), std::stoll(select.string(1))}
            );
    }
    return baselines;
}

void save_reference_baselines(
    sqlite::Transaction& transaction, const std::string& source,
    const std::vector<DanglingReference>& found
) {
    transaction.prepare("delete from source_state where source = ?1 and name like 'dangling/%'")
        .with(source)
        .run();
    auto insert = transaction.prepare(
        "insert or replace into source_state (source, name, value) values (?1, ?2, ?3)"
    );
    // tells that there was a comparison, also one that found nothing
    insert.with(source, std::string(kBaselinePrefix) + "/", "0").run();
    for (const auto& one : found)
        insert
            .with(
                source, std::string(kBaselinePrefix) + one.stream + "/" + one.field,
                std::to_string(one.records)
            )
            .run();
}

std::vector<DanglingReference> grown(
    const std::vector<DanglingReference>& found, const std::vector<ReferenceBaseline>& before
) {
    std::vector<DanglingReference> more;
    if (before.empty()) return more;
    for (const auto& one : found) {
        const auto known = std::find_if(before.begin(), before.end(), [&](const auto& baseline) {
            return baseline.stream == one.stream && baseline.field == one.field;
        });
        if (one.records > (known == before.end() ? 0 : known->records)) more.push_back(one);
    }
    return more;
}

}  // namespace mis::change
