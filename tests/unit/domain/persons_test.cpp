// Which cards are one person's, in random histories of merges, links and their undoing (P6, P11):
// the reference only knows which cards hang together.
#include "domain/persons.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>
#include <set>

#include "support/scenario_world.hpp"

using namespace mis;
using namespace mis::domain;

namespace {

constexpr int kHistories = 24, kSteps = 30;
constexpr std::array kSources{"a", "b", "c"};
constexpr int kCardsOfSource = 3;

struct Cards {
    std::vector<RecordKey> all;
    std::map<RecordKey, RecordKey> merged, linked;
    std::map<RecordKey, std::pair<RecordKey, std::int64_t>> lines;  // line → card, sum

    std::set<RecordKey> one_person_with(const RecordKey& card) const {
        std::set<RecordKey> found{card};
        for (std::size_t before = 0; before != found.size();) {
            before = found.size();
            for (const auto* ties : {&merged, &linked})
                for (const auto& [from, to] : *ties)
                    if (found.contains(from) || found.contains(to)) found.insert({from, to});
        }
        return found;
    }
};

}  // namespace

TEST_CASE("P11: links that contradict merges hold in whatever order they come") {
    for (const bool turned : {false, true}) {
        Persons persons;
        persons.merge("a", "b");
        std::vector<Persons::Link> links{{"a", "x"}, {"b", "y"}};
        if (turned) std::swap(links[0], links[1]);
        persons.link(std::move(links));
        CHECK(persons.of("a") == "y");
        CHECK(persons.of("b") == "y");
        CHECK(persons.of("x") == "y");
        CHECK(persons.of("z") == "z");
    }
    Persons ring;
    ring.merge("a", "b");
    ring.link({{"b", "a"}});
    CHECK(ring.of("a") == "b");
    CHECK(ring.of("b") == "b");
}

TEST_CASE("P11: whatever is linked, merged and parted, each line is charged once, to its person") {
    for (int history = 0; history < kHistories; ++history) {
        CAPTURE(history);
        std::mt19937 random(static_cast<unsigned>(history));
        const auto below = [&](std::size_t count) {
            return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
        };
        test::ScenarioWorld world;
        world.sources({{"a", std::nullopt}, {"b", std::nullopt}, {"c", std::nullopt}});
        Cards cards;
        const auto write_card = [&](const RecordKey& card) {
            Json body{{"source_id", card.source_id}, {"last_name", "Тестова"}};
            if (const auto into = cards.merged.find(card); into != cards.merged.end())
                body["merged_into"] = into->second.source_id;
            world.upsert("patient", body, card.source);
        };
        world.at("2026-03-01T10:00:00+03:00");
        for (const char* source : kSources)
            for (int id = 1; id <= kCardsOfSource; ++id) {
                cards.all.push_back({source, "patient", std::to_string(id)});
                write_card(cards.all.back());
            }
        for (int step = 0; step < kSteps; ++step) {
            const RecordKey card = cards.all[below(cards.all.size())],
                            other = cards.all[below(cards.all.size())];
            const bool one = cards.one_person_with(card).contains(other);
            switch (below(5)) {
                case 0:
                case 1: {
                    const RecordKey line{
                        card.source, "procedure", std::to_string(1 + below(4))};  // equal ids
                    const auto rubles = static_cast<std::int64_t>(100 * (1 + below(9)));
                    cards.lines[line] = {card, rubles};
                    world.upsert(
                        "procedure",
                        {{"source_id", line.source_id},
                         {"patient_source_id", card.source_id},
                         {"performed_at",
                          "2026-03-0" + std::to_string(1 + below(9)) + "T10:00:00+03:00"},
                         {"service_code", "T-16"},
                         {"quantity", "1"},
                         {"total", {{"minor", rubles * 100}, {"currency", "RUB"}}}},
                        card.source
                    );
                    break;
                }
                case 2:
                    if (card.source == other.source || one || cards.linked.contains(card)) break;
                    cards.linked[card] = other;
                    world.link_patients(card, other);
                    break;
                case 3:
                    if (cards.linked.erase(card) > 0) world.unlink_patient(card);
                    break;
                case 4:
                    if (cards.merged.erase(card) == 0 && card.source == other.source && !one)
                        cards.merged[card] = other;
                    write_card(card);
                    break;
            }
            world.at("2026-03-10T10:00:" + std::to_string(10 + step) + "+03:00");
            world.evaluate();

            std::map<std::string, std::int64_t> charged;  // by pseudonym
            for (const auto& [key, standing] : world.announced().standing)
                if (key.starts_with("charge/"))
                    charged[standing.data.find("patient").string()] +=
                        standing.data.find("total").money()->minor / 100;
            std::set<RecordKey> seen;
            for (const RecordKey& each : cards.all) {
                if (seen.contains(each)) continue;
                const auto person = cards.one_person_with(each);
                seen.insert(person.begin(), person.end());
                std::int64_t due = 0, known = 0;
                for (const auto& [line, billed] : cards.lines)
                    if (person.contains(billed.first)) due += billed.second;
                int names = 0;
                for (const RecordKey& mine : person)
                    if (const auto sum = charged.find(world.identity.public_id(mine));
                        sum != charged.end()) {
                        known += sum->second;
                        names += sum->second != 0 ? 1 : 0;
                    }
                CHECK(known == due);
                CHECK(names <= 1);
            }
        }
    }
}
