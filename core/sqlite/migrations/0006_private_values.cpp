#include "sqlite/migrations/0006_private_values.hpp"

#include "base/phones.hpp"
#include "base/private_values.hpp"
#include "base/text.hpp"

namespace mis::sqlite::steps {
namespace {

constexpr std::int64_t kNobody = 0, kPractitioner = -1;

void index_for_orders(Database& database, std::int64_t party, JsonView body) {
    const JsonMembers patient(body);
    const std::string last_name = fold(patient.find("last_name").string());
    const std::string birth_date = patient.find("birth_date").string();
    if (!last_name.empty() || !birth_date.empty())
        database
            .prepare(
                "insert or replace into patient_name (party, folded_last_name, birth_date) values "
                "(?1, ?2, ?3)"
            )
            .with(party, last_name, birth_date)
            .run();
    for (const JsonView phone : patient.find("phones").elements())
        for (const auto& last_ten : phones_last_ten(phone.string()))
            database.prepare("insert or ignore into patient_phone (phone10, party) values (?1, ?2)")
                .with(last_ten, party)
                .run();
}

}  // namespace

void fill_private_values(Database& database) {
    database.execute("delete from patient_name; delete from patient_phone;");
    auto records = database.prepare(
        "select s.kind, coalesce(r.owner, 0), j.body from change_stream s join record r on "
        "r.stream "
        "= s.id join journal j on j.pos = r.pos where s.kind in ('patient', 'limit', "
        "'practitioner')"
    );
    while (records.step()) {
        const std::string kind = records.string(0), body = records.string(2);
        const std::int64_t party = records.integer(1);
        const std::int64_t owner = kind == "patient"        ? party
                                   : kind == "practitioner" ? kPractitioner
                                                            : kNobody;
        if (kind == "patient") index_for_orders(database, party, JsonView(body));
        for (const std::int64_t hash : private_hashes(kind, JsonView(body)))
            database.prepare("insert or ignore into private_value (hash, owner) values (?1, ?2)")
                .with(hash, owner)
                .run();
    }
}

}  // namespace mis::sqlite::steps
