// BodyWriter: field values, as text, into a canonical body, validated on the way. The one place
// where a record comes to be.
//
// Used by the mapper (values from SQLite, hot path) and by record_from_json (values from
// documents). Values come in the kind's field order; each is text in the field type's canonical
// form: lists, money and shares as their JSON text, booleans "1"/"0"/"true"/"false".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/field_text.hpp"
#include "record/record.hpp"
#include "record/schema.hpp"

namespace mis::record {

class BodyWriter {
  public:
    explicit BodyWriter(const Kind& kind);

    void clear();

    // What is wrong with the value ("not a date"), never the value itself; nullopt: taken. An empty
    // text or id counts as absent and is not written; likewise an empty date, and one of a year
    // outside 1900–2100, where the field may be absent (I6). Characters that nobody sees are
    // dropped from texts and noted (I3).
    std::optional<std::string> add(std::size_t field_index, std::string_view value);
    void note(std::string text);  // for the record's `notes`, beside those that add() was given
    bool has(std::size_t field_index) const { return written_[field_index]; }

    // What the fields say together (times in order, shares adding up): "ends_at: before starts_at";
    // nullopt: consistent.
    std::optional<std::string> inconsistency() const;

    // The record so far, with references and content hash; clear() begins the next. Required fields
    // are the caller's question, by has().
    Record finish();

  private:
    enum class Role {
        none,
        source_id,
        modified_at,
        patient,
        plan,
        practitioner,
        merged_into,
        members,
        starts_at,
        ends_at,
        valid_from,
        valid_to,
        total,
        shares,
        nomenclature,
        amount,
        payment_kind
    };
    std::optional<std::string> append_value(const Field& field, Role role, std::string_view value);
    void remember(Role role, std::string_view value);
    void settle_sign(std::string_view payment_kind);
    // The value without characters that nobody sees; `room` holds it where it differs.
    std::string_view visible_part(const Field& field, std::string_view value, std::string& room);
    void add_notes_to(Record& record) const;

    const Kind* kind_;
    std::vector<Role> roles_;         // by field: no name is compared on the hot path
    std::vector<std::string> names_;  // by field: "name": as the body has it
    bool is_patient_ = false;
    Record record_;
    std::vector<bool> written_;
    std::string starts_at_, ends_at_, valid_from_, valid_to_, total_, shares_;
    std::string hashed_;              // the body without its stamp
    std::vector<std::string> notes_;  // of this writer: they stand in the body's `notes` at the end
    std::size_t body_bytes_ = 0;      // of the last record
    // A payment's amount is above zero, its kind says which way the money went. Where the minus of
    // a negative one stands in the body, and whether that contradicts the kind.
    std::size_t minus_at_ = 0;
    bool contradicts_kind_ = false;
    std::size_t stamp_begin_ = 0,
                stamp_end_ = 0;  // where source_modified_at stands in the body: not hashed
};

}  // namespace mis::record
