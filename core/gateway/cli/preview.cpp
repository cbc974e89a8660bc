// `preview`: what the map makes of some rows of a stream, before anything is kept.
#include <algorithm>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "record/mapper.hpp"
#include "record/mask.hpp"
#include "source/sql_words.hpp"

namespace mis::gateway::cli {
namespace {

struct Line {
    std::string at;  // stamp or date, as the source writes it; sorts as text
    std::string text;
};

// "V.CHANGED_AT" or "{column:V:VISIT.CHANGED_AT|}" → its place among the declared columns.
std::optional<std::size_t> place_of(
    const source::StreamDeclaration& stream, std::string_view column
) {
    const std::string name = source::declared_name(column);
    for (std::size_t i = 0; i < stream.columns.size(); ++i)
        if (stream.columns[i].name == name) return i;
    return std::nullopt;
}

class StreamRows {
  public:
    StreamRows(
        const Preview& what, OpenedSource& opened, const source::StreamDeclaration& stream,
        record::Mapper& mapper
    )
        : what_(what), opened_(opened), stream_(stream), mapper_(mapper) {}

    // The lowest keys, printed as they come; where the source knows no order, any rows.
    Result<std::int64_t> first() {
        using Rows = source::Capabilities::Rows;
        const auto can = opened_.source->capabilities(what_.stream);
        if (can.rows == Rows::by_period) return newest();
        source::Slice slice;
        slice.by = source::Slice::By::key_walk;
        if (can.rows == Rows::by_pages) slice.limit = what_.limit;
        return read(slice, std::nullopt);
    }

    // By each stamp, else by the window's date: from today back until there are enough rows.
    Result<std::int64_t> newest() {
        auto now = opened_.source->source_now();
        if (!now) return fail(now.error());
        const auto today = LocalTime::parse(*now);
        if (!today) return fail(ErrorKind::malformed, "the source's clock says no time");
        for (const auto& rung : rungs()) {
            lines_.clear();
            for (const int days : {1, 7, 30, 400}) {
                source::Slice slice = rung.slice;
                slice.from = today->date.plus_days(-days).to_string() + " 00:00:00";
                slice.to = today->date.plus_days(rung.days_ahead + 1).to_string() + " 00:00:00";
                lines_.clear();
                const auto rows = read(slice, rung.column);
                if (!rows) return rows;
                if (*rows >= what_.limit) break;
            }
            if (lines_.empty()) continue;
            keep_newest();
            for (const auto& line : lines_) print_line(line.text);
            return static_cast<std::int64_t>(lines_.size());
        }
        return std::int64_t{0};
    }

    bool can_tell_newest() const { return !rungs().empty(); }

  private:
    struct Rung {
        source::Slice slice;
        std::size_t column;
        int days_ahead;
    };

    std::vector<Rung> rungs() const {
        std::vector<Rung> found;
        for (std::size_t i = 0; i < stream_.stamps.size(); ++i) {
            const auto column = place_of(stream_, stream_.stamps[i]);
            if (!column || stream_.tokens.contains(i)) continue;  // a token is no time
            Rung rung{{}, *column, 0};
            rung.slice.by = source::Slice::By::stamp;
            rung.slice.stamp_index = i;
            found.push_back(std::move(rung));
        }
        if (stream_.window)
            if (const auto column = place_of(stream_, stream_.window->column)) {
                Rung rung{{}, *column, stream_.window->future_days};
                rung.slice.by = source::Slice::By::window;
                found.push_back(std::move(rung));
            }
        return found;
    }

    // How many rows; with a column their lines are kept by it, without they are printed.
    Result<std::int64_t> read(const source::Slice& slice, std::optional<std::size_t> column) {
        const auto done = opened_.source->read(
            what_.stream, slice,
            [&](source::RowBatch&& batch) -> Result<void> {
                for (std::size_t row = 0; row < batch.rows(); ++row) {
                    if (!column && shown_++ >= what_.limit) return {};
                    const std::string at(column ? batch.cell(row, *column).value_or("") : "");
                    for (auto& text : lines_of(batch, row)) {
                        if (!column)
                            print_line(text);
                        else
                            lines_.push_back({at, std::move(text)});
                    }
                }
                if (lines_.size() > 4 * static_cast<std::size_t>(what_.limit)) keep_newest();
                return {};
            }
        );
        if (!done) return fail(done.error());
        return done->rows;
    }

    void keep_newest() {
        std::stable_sort(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) {
            return a.at > b.at;
        });
        if (lines_.size() > static_cast<std::size_t>(what_.limit))
            lines_.resize(static_cast<std::size_t>(what_.limit));
    }

    std::vector<std::string> lines_of(const source::RowBatch& batch, std::size_t row) {
        std::vector<std::string> texts;
        const auto mapped = mapper_.map(batch, row);
        if (!mapped.skip_reason.empty())
            texts.push_back(Json{{"row", mapped.row_key}, {"skipped", mapped.skip_reason}}.dump());
        for (const auto& issue : mapped.issues)
            texts.push_back(Json{{"row", mapped.row_key}, {"quarantined", issue.reason}}.dump());
        for (const auto& record : mapped.records)
            texts.push_back(
                what_.privacy == Privacy::masked ? record::masked_body(record.kind, record.body)
                                                 : record.body
            );
        return texts;
    }

    const Preview& what_;
    OpenedSource& opened_;
    const source::StreamDeclaration& stream_;
    record::Mapper& mapper_;
    std::vector<Line> lines_;
    int shown_ = 0;  // rows printed as they came
};

}  // namespace

int preview(const Common& common, const Preview& what) {
    return with_session(common, ClinicStore::Opening::create, [&](Session& session) {
        if (const auto known = session.check_source(what.source, what.stream); !known)
            return report_error(known.error().within("preview"));
        auto opened = session.open_source(what.source);
        if (!opened) return report_error(opened.error());
        const auto& streams = opened->setup.connector.streams;
        const auto stream = std::find_if(streams.begin(), streams.end(), [&](const auto& declared) {
            return declared.name == what.stream;
        });
        if (what.privacy == Privacy::unmasked)
            session.audit_look("preview " + what.source + " " + what.stream);
        record::MapContext context{
            session.config.clinic_zone, session.config.branch_zones, opened->setup.options.site,
            session.config.currency};
        auto mapper = record::Mapper::create(opened->setup.connector, *stream, context);
        if (!mapper) return report_error(mapper.error());
        StreamRows rows(what, *opened, *stream, **mapper);
        const bool newest = what.rows == Preview::Rows::newest;
        if (newest && !rows.can_tell_newest()) {
            report_error(
                "preview: stream " + what.stream +
                " has neither a stamp nor a window, so nothing tells its newest rows: leave "
                "--newest out"
            );
            return kUsage;
        }
        const auto shown = newest ? rows.newest() : rows.first();
        if (!shown)
            return report_error(
                shown.error().within(session.config.file.string() + ": source " + what.source)
            );
        if (*shown == 0)
            report_error(
                newest ? "preview: nothing changed in the last 400 days"
                       : "preview: the stream has "
                         "no rows"
            );
        return kDone;
    });
}

}  // namespace mis::gateway::cli
