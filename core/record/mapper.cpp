#include "record/mapper.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "record/body_writer.hpp"
#include "record/map_statement.hpp"
#include "record/mask.hpp"

namespace mis::record {

namespace {

constexpr std::string_view kSkipReason = "skip_reason";

// Blanks before it tell one key from another in the base, and it is asked for again by this text.
std::string row_key_of(std::string_view cell) {
    if (trim(cell).empty()) return {};
    const auto end = cell.find_last_not_of(' ');
    return std::string(cell.substr(0, end + 1));
}

struct Output {  // a column of the map that fills a field; in the order of the body
    std::size_t column;
    std::size_t field;
};

class SqliteMapper final : public Mapper {
  public:
    SqliteMapper(
        const Kind& kind, const source::StreamDeclaration& stream,
        std::unique_ptr<MapStatement> statement
    )
        : kind_(kind),
          stream_(stream.name),
          fans_out_(stream.parent.has_value()),
          has_business_time_(has_business_time(kind)),
          statement_(std::move(statement)),
          writer_(kind),
          notes_field_(*kind.index_of("notes")) {
        for (const auto& column : stream.columns) columns_.push_back(to_lower(column.name));
    }

    Result<void> connect_columns(const source::StreamDeclaration& stream) {
        const std::string file =
            stream.map_file.empty() ? stream.name + ".sql" : stream.map_file.string();
        const auto wrong = [&](const std::string& text) {
            return fail(ErrorKind::misconfigured, file + ": " + text);
        };
        const auto& names = statement_->columns();
        for (std::size_t column = 0; column < names.size(); ++column) {
            const std::string& name = names[column];
            if (std::count(names.begin(), names.end(), name) > 1)
                return wrong("column " + name + " is there twice");
            if (name == kSkipReason) {
                skip_column_ = column;
                continue;
            }
            const auto field = kind_.index_of(name);
            if (!field) {
                std::string text =
                    "column " + name + ": no field of kind " + kind_.name + "; its fields are";
                for (const Field& known : kind_.fields) text += " " + known.name;
                return wrong(text);
            }
            if (name == "notes") notes_column_ = column;
            outputs_.push_back({column, *field});
        }
        if (!notes_column_)
            outputs_.push_back({names.size(), notes_field_}
            );  // notes of the functions always have their place
        std::sort(outputs_.begin(), outputs_.end(), [](const Output& a, const Output& b) {
            return a.field < b.field;
        });
        for (const Field& field : kind_.fields)
            if (field.presence == Presence::required &&
                std::find(names.begin(), names.end(), field.name) == names.end())
                return wrong(
                    "column " + field.name + " is missing; kind " + kind_.name + " requires it"
                );
        const auto place_of = [&](const std::string& column) -> Result<std::size_t> {
            const auto found = std::find(columns_.begin(), columns_.end(), to_lower(column));
            if (found == columns_.end())
                return fail(
                    ErrorKind::misconfigured, "connector.yaml: stream " + stream_ + ": column " +
                                                  column + " is not declared in columns:"
                );
            return static_cast<std::size_t>(found - columns_.begin());
        };
        const auto key = place_of(stream.key_column);
        if (!key) return fail(key.error());
        key_ = *key;
        if (stream.parent) {
            const auto parent = place_of(*stream.parent);
            if (!parent) return fail(parent.error());
            parent_ = *parent;
        }
        return {};
    }

    MappedRow map(const source::RowBatch& batch, std::size_t row) override {
        ++work_.rows;
        MappedRow mapped;
        mapped.row_key = row_key_of(batch.cell(row, key_).value_or(""));
        std::vector<std::string> reasons = batch.issues_of(row);
        if (mapped.row_key.empty())
            reasons.insert(reasons.begin(), "the key " + columns_[key_] + " is missing");
        if (reasons.empty()) {
            const std::string parent =
                fans_out_ ? std::string(trim(batch.cell(row, parent_).value_or("")))
                          : std::string();
            if (fans_out_ && parent.empty())
                reasons.push_back("the parent's key " + columns_[parent_] + " is missing");
            else {
                reader_notes_ = batch.notes_of(row);
                using enum MapStatement::Evaluation;
                run(batch, row, once, parent, mapped, reasons);
                if (statement_->has_steps() && (statement_->row().remarked || !reasons.empty())) {
                    mapped.records.clear();
                    mapped.skip_reason.clear();
                    reasons.clear();
                    run(batch, row, as_written, parent, mapped, reasons);
                }
            }
        }
        if (reasons.empty()) return mapped;
        mapped.records.clear();
        mapped.skip_reason.clear();
        const std::string raw = row_json(columns_, batch, row);
        for (std::string& reason : reasons) {
            std::string told = told_of(batch, row, reason);
            mapped.issues.push_back(
                {stream_, mapped.row_key, std::move(reason), raw, std::move(told)}
            );
        }
        return mapped;
    }

    MapWork work() const override { return work_; }

  private:
    void run(
        const source::RowBatch& batch, std::size_t row, MapStatement::Evaluation evaluation,
        const std::string& parent, MappedRow& mapped, std::vector<std::string>& reasons
    ) {
        MapStatement& map = *statement_;
        map.begin(batch, row, evaluation);
        int results = 0;
        for (std::size_t issues_before = 0; map.step();
             ++results, issues_before = map.row().issues.size()) {
            if (results == 1 && !fans_out_) {
                reasons.push_back(
                    "the map yields several rows for one; connector.yaml declares no parent: for a "
                    "fan-out"
                );
                return;
            }
            if (results == kRecordsPerRowMax) {
                reasons.push_back(
                    "the map yields more than " + std::to_string(kRecordsPerRowMax) +
                    " rows for one"
                );
                return;
            }
            if (skip_column_) {
                const auto skip = map.value(*skip_column_);
                if (skip.kind == MapStatement::Value::Kind::text && !trim(skip.text).empty()) {
                    mapped.skip_reason = std::string(trim(skip.text));
                    // what was left out on purpose need not make sense
                    for (std::size_t i = issues_before; i < map.row().issues.size(); ++i)
                        map.row().issues[i].forgiven = true;
                    map.row().notes.clear();
                    continue;
                }
            }
            read_record(parent, mapped, reasons);
            map.row().notes.clear();
        }
        for (const MapIssue& issue : map.row().issues)
            if (!issue.forgiven)
                add_once(
                    reasons,
                    issue.column.empty() ? issue.text : "column " + issue.column + ": " + issue.text
                );
        if (reasons.empty() && results == 0 && !fans_out_)
            reasons.push_back("the map yields no row; leave rows out with a column skip_reason");
        if (!mapped.records.empty()) mapped.skip_reason.clear();
    }

    // A reason names the canonical field and the map's function. The operator knows the MIS's
    // columns, and may see what shape the value has.
    std::string told_of(const source::RowBatch& batch, std::size_t row, const std::string& reason)
        const {
        for (const MapIssue& issue : statement_->row().issues) {
            if (issue.value.empty() || !reason.ends_with(issue.text)) continue;
            std::string column;
            for (std::size_t at = 0; at < columns_.size(); ++at)
                if (trim(batch.cell(row, at).value_or("")) == trim(issue.value))
                    column = column.empty() || column == columns_[at] ? columns_[at] : "?";
            std::string told = column.empty() || column == "?" ? "" : "column " + column + ", ";
            told += "value " + mask_shape(issue.value) + ": ";
            const auto function = issue.text.find(": ");
            told += function == std::string::npos ? issue.text : issue.text.substr(function + 2);
            if (!issue.column.empty()) told += " (for " + issue.column + ")";
            return told;
        }
        return {};
    }

    void read_record(
        const std::string& parent, MappedRow& mapped, std::vector<std::string>& reasons
    ) {
        MapStatement& map = *statement_;
        writer_.clear();
        // First who received which issue and note; the notes stand in the middle of the body.
        if (!map.row().notes.empty() || !map.row().issues.empty()) name_columns();
        for (const Output& output : outputs_) {
            const Field& field = kind_.fields[output.field];
            if (output.field == notes_field_) {
                add_notes(reasons);
                continue;
            }
            const auto value = map.value(output.column);
            using enum MapStatement::Value::Kind;
            if (value.kind == binary_fraction)
                add_once(
                    reasons, "column " + field.name +
                                 ": a binary fraction; use plus, minus, times instead of + - *"
                );
            else if (value.kind == blob)
                add_once(reasons, "column " + field.name + ": a blob");
            else if (value.kind == text) {
                if (const auto problem = writer_.add(output.field, value.text))
                    add_once(reasons, "column " + field.name + ": " + *problem);
                else if (field.presence == Presence::required && !writer_.has(output.field))
                    add_once(reasons, "column " + field.name + ": required, and blank");
            } else if (field.presence == Presence::required && !value.issue) {
                add_once(
                    reasons,
                    "column " + field.name + ": required, and NULL" +
                        (map.row().no_day ? " (an empty date, or a year outside 1900 to 2100)" : "")
                );
            }
        }
        if (!reasons.empty()) return;
        if (const auto problem = writer_.inconsistency()) {
            add_once(reasons, "column " + *problem);
            return;
        }
        Record record = writer_.finish();
        record.parent_key = parent;
        mapped.records.push_back(std::move(record));
    }

    void name_columns() {
        MapStatement& map = *statement_;
        for (const Output& output : outputs_) {
            if (output.column == map.columns().size() || output.column == notes_column_) continue;
            const Field& field = kind_.fields[output.field];
            const auto value = map.value(output.column);
            if (value.note > 0 && value.note <= map.row().notes.size())
                map.row().notes[value.note - 1].column = field.name;
            if (value.issue && value.issue->column.empty()) value.issue->column = field.name;
        }
    }

    void add_notes(std::vector<std::string>& reasons) {
        MapStatement& map = *statement_;
        std::vector<std::string> notes;
        if (notes_column_) {
            const auto own = map.value(*notes_column_);
            if (own.kind == MapStatement::Value::Kind::text) {
                auto listed = string_list(own.text);
                if (listed)
                    notes = std::move(*listed);
                else
                    notes.emplace_back(trim(own.text));
            }
        }
        for (const std::string& note : reader_notes_) add_once(notes, note);
        if (map.row().day_only && has_business_time_) add_once(notes, "day_only");
        for (const MapNote& note : map.row().notes)
            if (!note.dropped)
                add_once(notes, note.column.empty() ? note.text : note.column + ": " + note.text);
        if (notes.empty()) return;
        if (const auto problem = writer_.add(notes_field_, string_list_json(notes)))
            add_once(reasons, "column notes: " + *problem);
    }

    static void add_once(std::vector<std::string>& texts, std::string text) {
        if (std::find(texts.begin(), texts.end(), text) == texts.end())
            texts.push_back(std::move(text));
    }

    const Kind& kind_;
    std::string stream_;
    bool fans_out_;
    bool has_business_time_;
    std::unique_ptr<MapStatement> statement_;
    BodyWriter writer_;
    std::vector<std::string> columns_;  // of the row
    std::vector<std::string> reader_notes_;
    std::vector<Output> outputs_;
    std::optional<std::size_t> skip_column_, notes_column_;
    std::size_t key_ = 0, parent_ = 0, notes_field_;
    MapWork work_{1, 0};
};

}  // namespace

std::string row_json(
    const std::vector<std::string>& columns, const source::RowBatch& batch, std::size_t row
) {
    std::string raw = "{";
    for (std::size_t column = 0; column < columns.size(); ++column) {
        if (column > 0) raw += ',';
        append_json_string(raw, columns[column]);
        raw += ':';
        const auto cell = batch.cell(row, column);
        if (cell)
            append_json_string(raw, *cell);
        else
            raw += "null";
    }
    return raw + "}";
}

Result<std::unique_ptr<Mapper>> Mapper::create(
    const source::Connector& connector, const source::StreamDeclaration& stream,
    const MapContext& context
) {
    const Kind* kind = find_kind(stream.kind);
    if (!kind) {
        return fail(
            ErrorKind::misconfigured, "connector " + connector.name + ", stream " + stream.name +
                                          ": no kind \"" + stream.kind + "\"; there are " +
                                          kind_names()
        );
    }
    auto statement = MapStatement::prepare(connector, stream, context);
    if (!statement) return fail(statement.error());
    auto mapper = std::make_unique<SqliteMapper>(*kind, stream, std::move(*statement));
    if (const auto connected = mapper->connect_columns(stream); !connected)
        return fail(connected.error());
    return std::unique_ptr<Mapper>(std::move(mapper));
}

}  // namespace mis::record
