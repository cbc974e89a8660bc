// A source of a kind that this program does not know, which can do next to nothing, through the
// worker to the events: it answers whole lists, in no order, knows no keys and has no clock. And
// one that asks for a pause.
#include <doctest/doctest.h>

#include "base/timestamp.hpp"
#include "change/local_time.hpp"
#include "gateway/pipeline/source_worker.hpp"
#include "outbox/outbox.hpp"
#include "support/temporary_folder.hpp"

namespace mis::gateway {
namespace lacking_source_test {
namespace {

struct Service {                                   // outlives the sources that ask it
    std::vector<std::vector<std::string>> visits;  // id, patient, begin, changed
    int asked = 0;
    std::optional<std::chrono::seconds> wait;  // too many questions
};

class LacksAll final : public source::Source {
  public:
    LacksAll(Service& service, const Clock& clock) : service_(service), clock_(clock) {}
    const std::vector<std::string>& columns(const std::string&) const override { return names_; }
    source::Capabilities capabilities(const std::string&) const override {
        return {source::Capabilities::Rows::at_once, false, false};
    }
    Result<source::ReadReport> read(
        const std::string& stream, const source::Slice& slice,
        const std::function<Result<void>(source::RowBatch&&)>& take
    ) override {
        ++service_.asked;
        if (service_.wait)
            return fail(Error{ErrorKind::unavailable, "reading " + stream + ": 429", service_.wait}
            );
        if (slice.by != source::Slice::By::key_walk || slice.limit != 0)
            return fail(ErrorKind::misconfigured, "it has no such question");
        source::RowBatch batch(names_.size());
        for (const auto& visit : service_.visits)
            for (const auto& cell : visit) batch.add(cell);
        if (auto taken = take(std::move(batch)); !taken) return fail(taken.error());
        return source::ReadReport{std::ssize(service_.visits), 0};
    }
    Result<std::string> source_now() override {
        return change::local_text(clock_.unix_us() + 3 * 3'600 * kUsPerSecond);
    }
    Result<std::string> fingerprint() override { return std::string("the only one"); }
    void cancel() override {}
    Result<source::ProbeReport> probe() override { return source::ProbeReport{}; }
    std::optional<double> clock_skew_seconds() const override { return std::nullopt; }
    Result<std::map<std::string, std::string>> streams_off() override {
        return std::map<std::string, std::string>{};
    }
    Result<std::vector<source::TableDescription>> discover() override {
        return std::vector<source::TableDescription>{};
    }
    std::string written(const std::string& name) const override { return name; }
    Result<std::optional<std::vector<std::string>>>
    values_of(const std::string&, const std::string&) override {
        return std::optional<std::vector<std::string>>();
    }
    Result<std::string> fetch_text(const std::string&, const source::Slice&) override {
        return std::string("GET /visits");
    }

  private:
    Service& service_;
    const Clock& clock_;
    const std::vector<std::string> names_ = {"id", "patient", "begin_at"};
};

source::Connector connector() {
    source::Connector made;
    made.name = "invented";
    made.source_kind = "pigeon";
    source::StreamDeclaration visits;
    visits.name = visits.kind = "appointment";
    visits.key = visits.key_column = "id";
    visits.columns = {
        {"id", source::ColumnType::integer},
        {"patient", source::ColumnType::integer},
        {"begin_at", source::ColumnType::timestamp}};
    visits.map_sql =
        "select id as source_id, patient as patient_source_id, 'booked' as status, local_ts(null, "
        "begin_at) as starts_at, local_ts(null, begin_at) as ends_at from rows";
    visits.map_file = "appointment.sql";
    visits.mapping_version = "m1";
    made.streams.push_back(visits);
    return made;
}

class Gateway {
  public:
    explicit Gateway(Service& service)
        : store_(ClinicStore::open(folder_.path, "clinic-1", ClinicStore::Opening::create)) {
        MeaningSettings rules{domain::Rules(*Zone::find("Europe/Moscow")), {}};
        rules.rules.export_mode = domain::ExportMode::all;
        rules.rules.export_ground = "invented data";
        meaning_ = std::make_unique<Meaning>(
            store_->database(), store_->identity(), store_->meta().epoch, std::move(rules)
        );
        const source::Opener opener = [&service](
                                          const source::Connector&, const source::SourceOptions&,
                                          const Clock& ours
                                      ) -> Result<std::unique_ptr<source::Source>> {
            return std::make_unique<LacksAll>(service, ours);
        };
        worker_ = std::make_unique<SourceWorker>(
            *store_, *meaning_, mid_pass_,
            SourceSetup{
                "mis", connector(), opener, {}, *Zone::find("Europe/Moscow"), "RUB", {}, 1, {}},
            clock, SourceWorker::Hooks{}
        );
    }
    SourceWorker::PassSummary pass() {
        clock.advance(std::chrono::seconds(2));
        return worker_->pass(change::PassMode::poll);
    }
    int said(const std::string& type) {
        int count = 0;
        for (const auto& event : outbox::read_events(store_->database(), 0, 1000))
            count += event.type == type ? 1 : 0;
        return count;
    }
    FakeClock clock;

  private:
    test::TemporaryFolder folder_;
    std::unique_ptr<ClinicStore> store_;
    std::set<std::string> mid_pass_;
    std::unique_ptr<Meaning> meaning_;
    std::unique_ptr<SourceWorker> worker_;
};

}  // namespace

TEST_CASE("a source of an unknown kind that lacks all but a whole answer is read like any other") {
    Service service;
    service.visits = {{"9", "7", "2030-03-02 10:00:00"}, {"2", "8", "2030-03-02 11:00:00"}};
    Gateway gateway(service);
    REQUIRE(gateway.pass().degraded.empty());
    CHECK(gateway.said("appointment.booked") == 2);

    service.visits[1][2] = "2030-03-03 12:30:00";
    service.visits.push_back({"5", "7", "2030-03-04 10:00:00"});
    CHECK(gateway.pass().counts.updated == 1);
    CHECK(gateway.said("appointment.booked") == 3);
    CHECK(gateway.said("appointment.moved") == 1);

    service.visits.erase(service.visits.begin());
    CHECK(gateway.pass().counts.removed == 1);
    CHECK(gateway.pass().counts.wrote() == false);
}

TEST_CASE("a source that asks for a pause is not asked before it has passed") {
    Service service;
    service.visits = {{"1", "7", "2030-03-02 10:00:00"}};
    Gateway gateway(service);
    REQUIRE(gateway.pass().degraded.empty());
    service.wait = std::chrono::seconds(90);
    CHECK(gateway.pass().degraded.at("appointment").text == "reading appointment: 429");
    CHECK(gateway.said("source.degraded") == 1);

    service.wait.reset();
    const int asked = service.asked;
    for (int seconds = 0; seconds < 88; seconds += 2) {
        const auto pass = gateway.pass();
        REQUIRE(pass.degraded.contains("appointment"));
    }
    CHECK(service.asked == asked);
    CHECK(gateway.pass().degraded.empty());
    CHECK(service.asked > asked);
    CHECK(gateway.said("source.degraded") == 1);
    CHECK(gateway.said("source.recovered") == 1);
}

}  // namespace lacking_source_test

}  // namespace mis::gateway
