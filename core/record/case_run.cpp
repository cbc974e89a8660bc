#include "record/case_run.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace mis::record {

namespace fs = std::filesystem;

namespace {

struct Standing {  // what a row yielded last
    std::vector<Record> records;
};

Result<std::optional<std::string>> cell_of(const Json& value) {
    if (value.is_null()) return std::optional<std::string>();
    if (value.is_string()) return std::optional(value.get<std::string>());
    if (value.is_boolean()) return std::optional<std::string>(value.get<bool>() ? "1" : "0");
    if (value.is_number_integer()) return std::optional(value.dump());
    return fail(
        ErrorKind::malformed,
        "a cell is a text, a whole number, true, false or null; decimals are texts"
    );
}

Result<source::RowBatch> read_rows(const fs::path& file, const source::StreamDeclaration& stream) {
    source::RowBatch batch(stream.columns.size());
    int number = 0;
    const std::string text = platform::read_file(file);
    for (const std::string_view line : split(text, '\n')) {
        ++number;
        if (trim(line).empty()) continue;
        const auto wrong = [&](const std::string& what) {
            return fail(
                ErrorKind::malformed, file.string() + ":" + std::to_string(number) + ": " + what
            );
        };
        const auto row = parse_json(line);
        if (!row) return wrong(row.error().text);
        if (!row->is_object()) return wrong("not an object of column → value");
        for (const auto& member : row->items()) {
            const bool declared =
                std::any_of(stream.columns.begin(), stream.columns.end(), [&](const auto& column) {
                    return column.name == member.key();
                });
            if (!declared)
                return wrong(
                    "column " + member.key() + " is not declared in connector.yaml, stream " +
                    stream.name
                );
        }
        for (const auto& column : stream.columns) {
            const auto member = row->find(column.name);
            const auto cell = cell_of(member == row->end() ? Json() : *member);
            if (!cell) return wrong("column " + column.name + ": " + cell.error().text);
            if (*cell)
                batch.add(**cell);
            else
                batch.add_null();
        }
    }
    return batch;
}

// rows.jsonl, or 1.rows.jsonl, 2.rows.jsonl, … without a gap.
std::vector<fs::path> steps_of(const fs::path& folder) {
    if (fs::exists(folder / "rows.jsonl")) return {folder / "rows.jsonl"};
    std::vector<fs::path> steps;
    for (int number = 1; fs::exists(folder / (std::to_string(number) + ".rows.jsonl")); ++number)
        steps.push_back(folder / (std::to_string(number) + ".rows.jsonl"));
    return steps;
}

using Contents = std::map<std::string, std::string>;  // source_id → body and hash

Contents contents_of(
    const std::map<std::string, Standing>& standing, std::vector<std::string>* twice = nullptr
) {
    Contents contents;
    for (const auto& [key, rows] : standing)
        for (const Record& record : rows.records) {
            const bool fresh =
                contents.emplace(record.source_id, to_hex(record.content_hash)).second;
            if (!fresh && twice) twice->push_back(record.source_id);
        }
    return contents;
}

std::string change_line(
    int step, const std::string& kind, const std::string& source_id, const char* change
) {
    return canonical_json(Json{
        {"step", step}, {"kind", kind}, {"source_id", source_id}, {"change", change}});
}

void add_changes(
    CaseLines& lines, int step, const std::string& kind, const Contents& before,
    const Contents& after, bool removals_count
) {
    for (const auto& [id, hash] : after) {
        const auto known = before.find(id);
        if (known == before.end())
            lines.push_back(change_line(step, kind, id, "created"));
        else if (known->second != hash)
            lines.push_back(change_line(step, kind, id, "updated"));
    }
    if (!removals_count) return;
    for (const auto& [id, hash] : before)
        if (!after.contains(id)) lines.push_back(change_line(step, kind, id, "removed"));
}

void note_fields(std::set<std::string>& fields, const std::string& body) {
    if (const auto document = parse_json(body))
        for (const auto& [name, value] : document->items()) fields.insert(name);
}

constexpr const char* kOnlyItsRow =
    "a map may depend on nothing but its row, and ids must be unique";

// What a reading noted is its own: hour 24 is the next midnight, and no day without a clock.
Json without_notes(const std::string& body) {
    Json record = parse_json(body).value();
    record.erase("notes");
    return record;
}

// The document path and the map must agree in what they say.
void check_record(const Record& record, std::vector<CaseProblem>& problems) {
    const std::string name = "record " + record.source_id;
    const auto again = record_from_json(record.kind, record.body);
    if (!again)
        problems.push_back(
            {name + " is refused as a document: " + again.error().text, "mend the map"}
        );
    else if (without_notes(again->body) != without_notes(record.body))
        problems.push_back({name + " is not canonical", "mend the map"});
}

}  // namespace

CaseLines canonical_lines(std::string_view text) {
    CaseLines lines;
    for (const std::string_view line : split(text, '\n')) {
        if (trim(line).empty()) continue;
        const auto document = parse_json(line);
        lines.push_back(document ? canonical_json(*document) : std::string(trim(line)));
    }
    return lines;
}

Result<CaseRun> run_case(
    const source::Connector& connector, const source::StreamDeclaration& stream,
    const fs::path& folder
) {
    CaseScene scene;
    const auto context = case_context(connector, folder, &scene);
    if (!context) return fail(context.error());
    auto mapper = Mapper::create(connector, stream, *context);
    if (!mapper) return fail(mapper.error());
    const auto steps = steps_of(folder);
    if (steps.empty())
        return fail(ErrorKind::malformed, "there is no rows.jsonl, nor 1.rows.jsonl");
    const bool numbered = steps.front().filename() != "rows.jsonl";

    CaseRun run(*context);
    run.kind = stream.kind;
    run.scene = std::move(scene);
    run.numbered = numbered;
    CaseLines &records = run.outcome[kRecordsFile], &quarantine = run.outcome[kQuarantineFile],
              &skipped = run.outcome[kSkippedFile], &changes = run.outcome[kChangesFile];
    std::map<std::string, Standing> standing;
    for (std::size_t step = 0; step < steps.size(); ++step) {
        const auto batch = read_rows(steps[step], stream);
        if (!batch) return fail(batch.error());
        std::map<std::string, Standing> now;
        std::vector<std::string> order;
        bool keys_readable = true;
        const auto step_mark = [&](Json line) {
            if (numbered) line["step"] = step + 1;
            return canonical_json(line);
        };
        for (std::size_t row = 0; row < batch->rows(); ++row) {
            ++run.rows;
            auto mapped = (*mapper)->map(*batch, row);
            for (const RowIssue& issue : mapped.issues)
                quarantine.push_back(step_mark(Json{
                    {"row_key", issue.row_key}, {"reason", issue.reason}}));
            if (!mapped.skip_reason.empty())
                skipped.push_back(step_mark(Json{
                    {"row_key", mapped.row_key}, {"reason", mapped.skip_reason}}));
            if (mapped.row_key.empty()) {
                keys_readable = false;
                continue;
            }
            Standing& entry = now[mapped.row_key];
            if (!entry.records.empty())
                run.problems.push_back({"two rows have the key " + mapped.row_key, kOnlyItsRow});
            if (!mapped.issues.empty()) {  // the last good version stands
                if (const auto known = standing.find(mapped.row_key); known != standing.end())
                    entry = known->second;
            } else {
                entry.records = std::move(mapped.records);
                for (const Record& record : entry.records) {
                    ++run.records;
                    note_fields(run.fields, record.body);
                    check_record(record, run.problems);
                }
            }
            order.push_back(mapped.row_key);
        }
        // Order and repetition must not matter: the same rows backwards, by the same mapper.
        std::map<std::string, Standing> backwards;
        for (std::size_t row = batch->rows(); row-- > 0;) {
            auto mapped = (*mapper)->map(*batch, row);
            if (mapped.row_key.empty()) continue;
            Standing& entry = backwards[mapped.row_key];
            if (mapped.issues.empty())
                entry.records = std::move(mapped.records);
            else if (const auto known = standing.find(mapped.row_key); known != standing.end())
                entry = known->second;
        }
        std::vector<std::string> twice;
        const Contents after = contents_of(now, &twice);
        for (const std::string& id : twice)
            run.problems.push_back({"two rows yield the source_id " + id, kOnlyItsRow});
        if (after != contents_of(backwards))
            run.problems.push_back(
                {"the same rows in another order yield other records", kOnlyItsRow}
            );
        if (numbered)
            add_changes(
                changes, static_cast<int>(step + 1), stream.kind, contents_of(standing), after,
                keys_readable
            );
        CaseStep& read = run.steps.emplace_back();
        for (const auto& [key, entry] : now)
            read.records.insert(read.records.end(), entry.records.begin(), entry.records.end());
        if (keys_readable)
            for (const auto& [id, hash] : contents_of(standing))
                if (!after.contains(id)) read.gone.push_back(id);
        if (!keys_readable)
            for (auto& [key, entry] : standing) now.emplace(key, entry);
        standing = std::move(now);
        if (step + 1 < steps.size()) continue;
        for (const auto& [key, entry] : standing)  // what an unreadable key kept
            if (std::find(order.begin(), order.end(), key) == order.end()) order.push_back(key);
        for (const std::string& key : order)
            for (const Record& record : standing[key].records) records.push_back(record.body);
    }
    // of numbered steps the changes are what is tested; the records are compared where somebody
    // wrote them down
    if (numbered && !fs::exists(folder / kRecordsFile)) run.outcome.erase(kRecordsFile);
    return run;
}

}  // namespace mis::record
