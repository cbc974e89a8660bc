// bench_mapper: one stream's map alone, by processor time: the rows of a case (or of any file of
// rows), repeated.
//
// --print writes what each row became instead (body and hash, skipped, or issues), so that two
// builds can be compared byte by byte.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>

#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "record/case_run.hpp"

using namespace mis;

namespace {

source::RowBatch rows_of(const std::string& text, const source::StreamDeclaration& stream) {
    source::RowBatch batch(stream.columns.size());
    for (const std::string_view line : split(text, '\n')) {
        const auto row = parse_json(line);
        if (trim(line).empty() || !row) continue;
        for (const auto& column : stream.columns) {
            const auto cell = row->find(column.name);
            if (cell == row->end() || cell->is_null())
                batch.add_null();
            else if (cell->is_string())
                batch.add(cell->get<std::string>());
            else
                batch.add(cell->dump());
        }
    }
    return batch;
}

void print(const record::MappedRow& mapped) {
    for (const auto& record : mapped.records)
        fmt::print(
            "{} {} patient {} plan {} practitioner {} related {} parent {}\n{}\n", mapped.row_key,
            to_hex(record.content_hash), record.patient_source_id, record.plan_source_id,
            record.practitioner_source_id, fmt::join(record.related_patients, " "),
            record.parent_key, record.body
        );
    if (!mapped.skip_reason.empty())
        fmt::print("{} skipped: {}\n", mapped.row_key, mapped.skip_reason);
    for (const auto& issue : mapped.issues)
        fmt::print("{} issue: {} {}\n", mapped.row_key, issue.reason, issue.raw_row);
}

}  // namespace

int main(int argc, char** argv) {
    std::string folder, name = "procedure", of_case, file;
    std::int64_t count = 200'000;
    bool only_print = false;
    CLI::App app{"A stream's map, timed."};
    app.add_option("--connector", folder, "a connector's folder")->required();
    app.add_option("--stream", name);
    app.add_option("--case", of_case, "one case of the stream; else all that have rows.jsonl");
    app.add_option("--rows", file, "a file of rows instead, one JSON object a line");
    app.add_option("--count", count, "rows to map");
    app.add_flag("--print", only_print);
    CLI11_PARSE(app, argc, argv);

    const auto connector = source::load_connector(folder);
    if (!connector) return fmt::print(stderr, "bench_mapper: {}\n", connector.error().text), 1;
    const auto stream =
        std::find_if(connector->streams.begin(), connector->streams.end(), [&](const auto& one) {
            return one.name == name;
        });
    if (stream == connector->streams.end())
        return fmt::print(stderr, "bench_mapper: no stream {}\n", name), 1;
    const auto cases = connector->folder / "cases" / name;
    const auto context = record::case_context(*connector, cases / of_case);
    if (!context) return fmt::print(stderr, "bench_mapper: {}\n", context.error().text), 1;
    auto mapper = record::Mapper::create(*connector, *stream, *context);
    if (!mapper) return fmt::print(stderr, "bench_mapper: {}\n", mapper.error().text), 1;

    std::string text;
    if (!file.empty()) {
        text = platform::read_file(file);
    } else {
        for (const auto& entry : std::filesystem::directory_iterator(cases)) {
            if (!of_case.empty() && entry.path().filename() != of_case) continue;
            if (std::filesystem::exists(entry.path() / "rows.jsonl"))
                text += platform::read_file(entry.path() / "rows.jsonl") + "\n";
        }
    }
    const source::RowBatch batch = rows_of(text, *stream);
    if (batch.rows() == 0) return fmt::print(stderr, "bench_mapper: no rows\n"), 1;
    if (only_print) {
        for (std::size_t row = 0; row < batch.rows(); ++row) print((*mapper)->map(batch, row));
        return 0;
    }
    std::int64_t records = 0;
    const std::clock_t began = std::clock();
    for (std::int64_t i = 0; i < count; ++i)
        records += static_cast<std::int64_t>(
            (*mapper)->map(batch, static_cast<std::size_t>(i) % batch.rows()).records.size()
        );
    const double seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    fmt::print(
        "{{\"stream\":\"{}\",\"rows\":{},\"records\":{},\"processor_seconds\":{:.2f},"
        "\"us_per_row\":{:.2f},\"rows_per_second\":{:.0f}}}\n",
        name, count, records, seconds, seconds * 1e6 / static_cast<double>(count),
        static_cast<double>(count) / seconds
    );
}
