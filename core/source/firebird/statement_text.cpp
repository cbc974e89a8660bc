#include "source/firebird/statement_text.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/ascii.hpp"
#include "source/firebird/charsets.hpp"
#include "source/sql_words.hpp"

namespace mis::source::firebird {
namespace {

constexpr std::size_t kStatementBytesMax = 65'535;

struct Token {
    enum class Kind { word, name, literal, comment, sign };
    Kind kind;
    std::string_view text;  // as it is written
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::vector<Token> tokens_of(std::string_view sql, int dialect) {
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < sql.size();) {
        if (const std::size_t length = opaque_length(sql, i); length > 0) {
            // in dialect 1 double quotes hold texts too, and there are no quoted names
            const bool text = sql[i] == '\'' || (sql[i] == '"' && dialect == 1);
            tokens.push_back(
                {text            ? Token::Kind::literal
                 : sql[i] == '"' ? Token::Kind::name
                                 : Token::Kind::comment,
                 sql.substr(i, length)}
            );
            i += length;
            continue;
        }
        std::size_t end = i;
        while (end < sql.size() && is_word_letter(sql[end])) ++end;
        if (end > i) {
            tokens.push_back({Token::Kind::word, sql.substr(i, end - i)});
            i = end;
        } else {
            tokens.push_back({Token::Kind::sign, sql.substr(i, 1)});
            ++i;
        }
    }
    return tokens;
}

// Where the search for the column that a literal belongs to ends.
bool ends_a_condition(const Token& token) {
    static constexpr std::string_view kWords[] = {
        "AND",  "OR", "NOT",   "WHEN",   "THEN",  "ELSE", "CASE",  "SELECT",
        "FROM", "ON", "WHERE", "HAVING", "UNION", "JOIN", "ORDER", "GROUP"};
    return token.kind == Token::Kind::word &&
           std::find(std::begin(kWords), std::end(kWords), to_upper(token.text)) !=
               std::end(kWords);
}

class Literals {
  public:
    Literals(const std::vector<Token>& tokens, const TextSets& sets)
        : tokens_(tokens), sets_(sets) {}

    // The literal at that place as it goes out. `introduced`: a set is written before it.
    std::string text_of(std::size_t at, std::optional<std::string> introduced) {
        const std::string_view literal = tokens_[at].text;
        if (introduced) return encoded(literal, *introduced).value_or(std::string(literal));
        const std::string set = set_beside(at);
        if (set == "NONE") {
            // bytes against bytes
            if (auto bytes = encoded(literal, sets_.for_none)) return *std::move(bytes);
        } else if (auto bytes = encoded(literal, set)) {
            return "_" + set + " " + *std::move(bytes);
        }
        return "_" + sets_.utf8 + " " + std::string(literal);
    }

  private:
    std::string set_beside(std::size_t at) const {
        for (std::size_t i = at; i-- > 0 && !ends_a_condition(tokens_[i]);)
            if (auto set = set_of(tokens_[i])) return *set;
        for (std::size_t i = at + 1; i < tokens_.size() && !ends_a_condition(tokens_[i]); ++i)
            if (auto set = set_of(tokens_[i])) return *set;
        return sets_.of_base;
    }

    std::optional<std::string> set_of(const Token& token) const {
        if (token.kind != Token::Kind::word && token.kind != Token::Kind::name) return std::nullopt;
        const auto found = sets_.of_columns.find(catalog_name(token.text));
        if (found == sets_.of_columns.end()) return std::nullopt;
        // tables keep columns of that name in several sets
        if (found->second.size() > 1) return sets_.of_base;
        return *found->second.begin();
    }

    // nullopt: unknown set, or a letter that it lacks.
    std::optional<std::string> encoded(std::string_view literal, const std::string& set) {
        auto decoder = decoders_.find(set);
        if (decoder == decoders_.end()) {
            auto made = TextDecoder::of(set);
            if (!made) return std::nullopt;
            decoder = decoders_.emplace(set, *std::move(made)).first;
        }
        auto bytes = decoder->second.encode(literal);
        if (!bytes) return std::nullopt;
        return *std::move(bytes);
    }

    const std::vector<Token>& tokens_;
    const TextSets& sets_;
    std::map<std::string, TextDecoder> decoders_;
};

}  // namespace

Result<std::string> server_text(std::string_view sql, int dialect, const TextSets& sets) {
    std::string out(sql);
    if (!is_ascii(sql)) {
        const auto tokens = tokens_of(sql, dialect);
        Literals literals(tokens, sets);
        out.clear();
        std::optional<std::string> introduced;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            const Token& token = tokens[i];
            if (token.kind == Token::Kind::literal && !is_ascii(token.text))
                out += literals.text_of(i, introduced);
            else
                out += token.text;
            if (token.kind == Token::Kind::word && token.text.size() > 1 && token.text[0] == '_')
                introduced = to_upper(token.text.substr(1));
            else if (!(token.kind == Token::Kind::sign && is_space(token.text[0])))
                introduced.reset();
        }
    }
    if (out.size() > kStatementBytesMax)
        return fail(
            ErrorKind::misconfigured,
            "the statement has more than 64 kB, which is the most a server takes: shorten the fetch"
        );
    return out;
}

}  // namespace mis::source::firebird
