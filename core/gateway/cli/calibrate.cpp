// `calibrate`: decoded fields beside the raw column that they come from, so that somebody who sits
// before the MIS can compare; of a mask also how often each bit occurs, and what known rows teach.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "base/text.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "platform/file.hpp"
#include "record/bit_table.hpp"
#include "record/mapper.hpp"
#include "source/value_shape.hpp"

namespace mis::gateway::cli {
namespace {

constexpr std::int64_t kCountedRowsMax = 20'000;
constexpr int kPageRows = 1000;
constexpr std::size_t kKnownRowsMax = 2000;

using Values = std::set<std::string>;

// "1.6, 17" → {16, 17}
Values values_of(std::string_view text) {
    Values values;
    std::string value;
    for (const char c : std::string(text) + ' ') {
        if (c == ' ' || c == ',' || c == ';') {
            if (!value.empty()) values.insert(value);
            value.clear();
        } else if (c != '.' && c != '"') {
            value += c;
        }
    }
    return values;
}

std::string text_of(const Values& values) {
    std::string text;
    for (const auto& value : values) text += (text.empty() ? "" : " ") + value;
    return text;
}

Values values_of(const Json& field) {
    Values values;
    if (field.is_array())
        for (const auto& one : field)
            values.insert(one.is_string() ? one.get<std::string>() : one.dump());
    else if (!field.is_null())
        values.insert(field.is_string() ? field.get<std::string>() : field.dump());
    return values;
}

Result<std::map<std::string, Values>> read_known(const std::filesystem::path& file) {
    std::map<std::string, Values> known;
    if (file.empty()) return known;
    std::string text = platform::read_file(file);
    if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
    int number = 0;
    for (const std::string_view each : split(text, '\n')) {
        const std::string_view line = trim(each);
        const auto wrong = [&](const std::string& what) {
            return fail(
                ErrorKind::misconfigured, file.string() + ":" + std::to_string(number) + ": " + what
            );
        };
        ++number;
        if (number == 1 && line != "row,value")
            return wrong("the first line has to be `row,value`");
        if (number == 1 || line.empty()) continue;
        const std::size_t comma = line.find(',');
        if (comma == std::string_view::npos || trim(line.substr(0, comma)).empty())
            return wrong("has to be the row's key, a comma, and what the MIS shows: 401,16 17");
        const std::string key(trim(line.substr(0, comma)));
        if (!known.emplace(key, values_of(line.substr(comma + 1))).second)
            return wrong("row " + key + " stands there twice: keep one");
        if (known.size() > kKnownRowsMax)
            return wrong(
                "more than " + std::to_string(kKnownRowsMax) + " rows: keep the telling ones"
            );
    }
    return known;
}

class Calibrating {
  public:
    Calibrating(
        Session& session, const Calibrate& what, const source::Calibration& calibration,
        OpenedSource& opened, record::Mapper& mapper, std::map<std::string, Values> known,
        Output output
    )
        : session_(session),
          what_(what),
          calibration_(calibration),
          opened_(opened),
          mapper_(mapper),
          known_(std::move(known)),
          output_(output),
          table_(header()) {
        for (const auto& one : opened.setup.connector.streams)
            if (one.name == calibration.stream) stream_ = &one;
        if (const auto at = opened.setup.options.site.find(calibration.bits);
            at != opened.setup.options.site.end())
            values_ = record::bit_values(at->second);
        else if (const auto shipped = opened.setup.connector.site_defaults.find(calibration.bits);
                 shipped != opened.setup.connector.site_defaults.end())
            values_ = record::bit_values(shipped->second);
    }

    int run() {
        const bool known = !known_.empty();
        if (auto read = known ? read_known_rows() : read_first_rows(); !read)
            return report_error(
                read.error().within(session_.config.file.string() + ": source " + what_.source)
            );
        if (output_ == Output::table) table_.print();
        for (const auto& [key, values] : known_)
            if (!met_.contains(key)) {
                ++differ_;
                report_error("calibrate: no row " + key + " in stream " + stream_->name);
            }
        if (is_mask()) {
            if (!known)
                if (auto counted = count_bits(); !counted) return report_error(counted.error());
            tell_bits();
        }
        if (known) tell_known();
        return differ_ > 0 || strange_ ? kFailed : kDone;
    }

  private:
    bool is_mask() const { return !calibration_.bits.empty(); }

    std::vector<std::string> header() const {
        std::vector<std::string> names{"row"};
        for (const auto& column : calibration_.beside) names.push_back(column);
        names.push_back(calibration_.raw);
        if (is_mask()) names.emplace_back("bits");
        names.push_back(calibration_.field);
        if (!known_.empty()) names.emplace_back("known");
        return names;
    }

    // The first rows with something in the raw column, lowest keys first.
    Result<void> read_first_rows() {
        return walk([&](const source::RowBatch& batch, std::size_t row) {
            if (shown_ < what_.limit && !is_empty(raw_of(batch, row))) show(batch, row);
            return shown_ < what_.limit;
        });
    }

    Result<void> read_known_rows() {
        std::vector<std::string> ids;
        for (const auto& [key, values] : known_) ids.push_back(key);
        for (std::size_t at = 0; at < ids.size(); at += source::kIdsPerReadMax) {
            source::Slice slice;
            slice.by = source::Slice::By::ids;
            slice.ids.assign(
                ids.begin() + static_cast<std::ptrdiff_t>(at),
                ids.begin() +
                    static_cast<std::ptrdiff_t>(std::min(at + source::kIdsPerReadMax, ids.size()))
            );
            const auto read =
                opened_.source->read(stream_->name, slice, [&](source::RowBatch&& batch) {
                    for (std::size_t row = 0; row < batch.rows(); ++row) {
                        count(batch, row);
                        show(batch, row);
                    }
                    return Result<void>();
                });
            if (!read) return fail(read.error());
        }
        return {};
    }

    Result<void> count_bits() {
        counts_.fill(0);
        counted_ = 0;
        return walk([&](const source::RowBatch& batch, std::size_t row) {
            count(batch, row);
            return true;
        });
    }

    // Page by page, until `take` says no or kCountedRowsMax rows were read.
    template <class Take>
    Result<void> walk(const Take& take) {
        source::Slice page;
        page.by = source::Slice::By::key_walk;
        const bool by_pages = opened_.source->capabilities(stream_->name).rows ==
                              source::Capabilities::Rows::by_pages;
        page.limit = by_pages ? kPageRows : 0;
        page.snapshot = source::Slice::Snapshot::own;
        const std::size_t key_at = place_of(stream_->key_column);
        bool goes_on = true;
        for (std::int64_t rows = 0; goes_on && rows < kCountedRowsMax;) {
            const std::string after = page.after_id;
            const auto read =
                opened_.source->read(stream_->name, page, [&](source::RowBatch&& batch) {
                    for (std::size_t row = 0; row < batch.rows(); ++row) {
                        page.after_id = std::string(batch.cell(row, key_at).value_or(""));
                        if (goes_on) goes_on = take(batch, row);
                    }
                    return Result<void>();
                });
            if (!read) return fail(read.error());
            rows += read->rows;
            if (!by_pages || read->rows < kPageRows || page.after_id == after) break;
        }
        return {};
    }

    std::size_t place_of(const std::string& column) const {
        for (std::size_t at = 0; at < stream_->columns.size(); ++at)
            if (stream_->columns[at].name == column) return at;
        return 0;
    }

    std::string raw_of(const source::RowBatch& batch, std::size_t row) const {
        return std::string(batch.cell(row, place_of(calibration_.raw)).value_or(""));
    }
    bool is_empty(const std::string& raw) const {
        return trim(raw).empty() || (is_mask() && raw == "0");
    }

    // A signed column of 64 bits holds the highest one as a sign.
    static std::optional<std::uint64_t> mask_of(const std::string& raw) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), number);
        if (error != std::errc() || end != raw.data() + raw.size()) return std::nullopt;
        return static_cast<std::uint64_t>(number);
    }

    void count(const source::RowBatch& batch, std::size_t row) {
        ++counted_;
        const auto mask = mask_of(raw_of(batch, row));
        if (!mask) return;
        for (const std::size_t bit : record::bits_of(*mask)) ++counts_[bit];
    }

    // What a human needs to find the row; texts are people's words, and masked like private fields.
    std::string beside(const source::RowBatch& batch, std::size_t row, const std::string& name)
        const {
        const std::size_t at = place_of(name);
        const std::string text(batch.cell(row, at).value_or(""));
        const bool is_text = stream_->columns[at].type == source::ColumnType::text;
        return is_text && what_.privacy == Privacy::masked ? source::value_shape(text) : text;
    }

    void show(const source::RowBatch& batch, std::size_t row) {
        ++shown_;
        const auto mapped = mapper_.map(batch, row);
        Values decoded;
        std::string problem;
        for (const auto& record : mapped.records)
            if (const auto body = parse_json(record.body);
                body && body->contains(calibration_.field))
                decoded = values_of((*body)[calibration_.field]);
        for (const auto& issue : mapped.issues)
            problem += (problem.empty() ? "set aside: " : "; ") + issue.reason;
        if (problem.empty() && mapped.records.empty()) problem = "left out: " + mapped.skip_reason;
        const std::string key(batch.cell(row, place_of(stream_->key_column)).value_or(""));
        const std::string raw = raw_of(batch, row);
        std::vector<std::string> cells{key};
        Json line{{"row", key}};
        for (const auto& column : calibration_.beside) {
            cells.push_back(beside(batch, row, column));
            line[column] = cells.back();
        }
        cells.push_back(beside(batch, row, calibration_.raw));
        line[calibration_.raw] = cells.back();
        const auto mask = mask_of(raw);
        if (is_mask()) {
            std::string bits;
            for (const std::size_t bit : record::bits_of(mask.value_or(0)))
                bits += (bits.empty() ? "" : " ") + std::to_string(bit);
            cells.push_back(bits);
            line["bits"] = bits;
        }
        cells.push_back(problem.empty() ? text_of(decoded) : problem);
        line[calibration_.field] = decoded;
        if (!problem.empty()) line["problem"] = problem;
        if (const auto known = known_.find(key); known != known_.end()) {
            met_.insert(key);
            const bool same = known->second == decoded;
            differ_ += same ? 0 : 1;
            cells.push_back(text_of(known->second) + (same ? "" : "  DIFFERENT"));
            line["known"] = known->second;
            line["same"] = same;
            if (mask) lessons_.push_back({*mask, known->second});
        }
        if (output_ == Output::json)
            print_json(line);
        else
            table_.add(std::move(cells));
    }

    void tell_bits() {
        Table table({"bit", "rows", calibration_.field}, {0, 1});
        for (std::size_t bit = 0; bit < record::kMaskBits; ++bit) {
            if (counts_[bit] == 0) continue;
            const std::string value =
                bit < values_.size() ? values_[bit] : std::string(record::kNoValue);
            const bool strange = value == record::kNoValue && !values_.empty();
            strange_ |= strange;
            if (output_ == Output::json)
                print_json({{"bit", bit}, {"rows", counts_[bit]}, {"value", value}});
            else
                table.add(
                    {std::to_string(bit), std::to_string(counts_[bit]),
                     strange ? value + "  its rows are set aside" : value}
                );
        }
        if (output_ == Output::json) return;
        print_line(
            "\nbits of " + calibration_.raw + " in " + std::to_string(counted_) +
            (counted_ == 1 ? " row" : " rows") +
            (counted_ >= kCountedRowsMax ? ", the first ones" : "") +
            (values_.empty() ? "; " + calibration_.bits + " is empty" : "") + ":"
        );
        table.print();
    }

    void tell_known() {
        std::string contradicted;
        std::string proposal;
        if (is_mask()) {
            const auto learned = record::learn_bits(lessons_);
            proposal = learned.text();
            for (std::size_t bit = 0; bit < record::kMaskBits; ++bit)
                if (learned.contradicts(bit))
                    contradicted += (contradicted.empty() ? "" : ", ") + std::to_string(bit);
        }
        if (output_ == Output::json)
            return print_json(
                {{"known", known_.size()},
                 {"different", differ_},
                 {"proposal", proposal},
                 {"contradicted_bits", contradicted}}
            );
        print_line(
            "\n" + std::to_string(known_.size()) + " known rows, " + std::to_string(differ_) +
            " different"
        );
        if (!proposal.empty())
            print_line(
                "they fit " + calibration_.bits + ": \"" + proposal + "\"" +
                (proposal.find(record::kNoValue) == std::string::npos
                     ? ""
                     : " (-- is a bit that they do not settle: more rows are needed)")
            );
        if (!contradicted.empty())
            print_line(
                "bits that no one value fits: " + contradicted +
                ": a row of the file was read wrong, or the column is no mask of this kind"
            );
    }

    Session& session_;
    const Calibrate& what_;
    const source::Calibration& calibration_;
    OpenedSource& opened_;
    record::Mapper& mapper_;
    const std::map<std::string, Values> known_;
    const Output output_;
    Table table_;
    const source::StreamDeclaration* stream_ = nullptr;
    std::vector<std::string> values_;  // of the bits, as the site says
    std::array<std::int64_t, record::kMaskBits> counts_{};
    std::int64_t counted_ = 0;
    int shown_ = 0, differ_ = 0;
    bool strange_ = false;
    std::set<std::string> met_;
    std::vector<record::KnownMask> lessons_;
};

Result<const source::Calibration*> find_calibration(
    const source::Connector& connector, const std::string& name
) {
    std::vector<std::string> known;
    for (const auto& one : connector.calibrations) {
        if (one.name == name || (name.empty() && connector.calibrations.size() == 1)) return &one;
        known.push_back(one.name);
    }
    return fail(
        ErrorKind::misconfigured,
        "calibrate: connector " + connector.name +
            (name.empty() ? " has none or several to choose from" : " has no '" + name + "'") +
            known_names(name, known)
    );
}

}  // namespace

int calibrate(const Common& common, const Calibrate& what) {
    return with_session(common, ClinicStore::Opening::create, [&](Session& session) {
        auto setup = session.source_setup(what.source);
        if (!setup) return report_error(setup.error());
        const auto calibration = find_calibration(setup->connector, what.name);
        if (!calibration) return report_error(calibration.error());
        for (const std::string& pair : what.site) {
            const std::size_t equals = pair.find('=');
            const std::string key = pair.substr(0, equals);
            if (equals == std::string::npos || !setup->connector.site_defaults.contains(key))
                return report_error(Error{
                    ErrorKind::misconfigured,
                    "calibrate --site " + pair +
                        ": KEY=VALUE, with a key that `site:` of the connector has"});
            setup->options.site[key] = pair.substr(equals + 1);
        }
        auto known = read_known(what.known_file);
        if (!known) return report_error(known.error());
        auto source = setup->open(setup->connector, setup->options, session.clock);
        if (!source) return report_error(source.error().within("source " + what.source));
        OpenedSource opened{std::move(*setup), std::move(*source)};
        const auto& streams = opened.setup.connector.streams;
        const auto stream = std::find_if(streams.begin(), streams.end(), [&](const auto& one) {
            return one.name == (*calibration)->stream;
        });
        if (what.privacy == Privacy::unmasked)
            session.audit_look("calibrate " + what.source + " " + (*calibration)->name);
        record::MapContext context{
            session.config.clinic_zone, session.config.branch_zones, opened.setup.options.site,
            session.config.currency};
        auto mapper = record::Mapper::create(opened.setup.connector, *stream, context);
        if (!mapper) return report_error(mapper.error());
        return Calibrating(
                   session, what, **calibration, opened, **mapper, std::move(*known), common.output
        )
            .run();
    });
}

}  // namespace mis::gateway::cli
