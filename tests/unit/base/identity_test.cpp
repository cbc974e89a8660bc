#include "base/identity.hpp"

#include <doctest/doctest.h>

#include "base/charset.hpp"
#include "base/crypto.hpp"
#include "base/text.hpp"

using namespace mis;

TEST_CASE("I1: a public id is a function of clinic, source, kind and source id alone") {
    const Identity a("clinic-1", "key"), same("clinic-1", "other key"), other("clinic-2", "key");
    CHECK(a.public_id("s", "limit", "1") == same.public_id("s", "limit", "1"));
    CHECK(a.public_id("s", "limit", "1") != other.public_id("s", "limit", "1"));
    CHECK(a.public_id("s", "limit", "1") != a.public_id("s", "plan", "1"));
    CHECK(a.public_id("s\",\"x", "limit", "1") != a.public_id("s", "x\",\"limit", "1"));
    CHECK(a.public_id("s", "limit", "1").size() == 32);
}

TEST_CASE("I3: a pseudonym depends on the clinic's key") {
    const Identity a("clinic-1", "key"), b("clinic-1", "other key");
    CHECK(a.pseudonym("s", "77") != b.pseudonym("s", "77"));
    CHECK(a.public_id("s", "patient", "77") == a.pseudonym("s", "77"));
}

TEST_CASE("I2: an event id changes with epoch, entity, type, content and count") {
    const Identity who("c", "k");
    const auto id = who.event_id(1, "e", "t", "{}", 0);
    CHECK(id == who.event_id(1, "e", "t", "{}", 0));
    CHECK(id != who.event_id(2, "e", "t", "{}", 0));
    CHECK(id != who.event_id(1, "e", "t", "{}", 1));
    CHECK(id != who.event_id(1, "e", "t", "{\"a\":1}", 0));
}

TEST_CASE("hashes agree with published vectors") {
    CHECK(
        to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );  // FIPS 180-2
    CHECK(
        to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );  // RFC 4231
    CHECK(
        to_hex(hmac_sha256(
            std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"
        )) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    );
    CHECK(  // nothing of the key before is left
        to_hex(hmac_sha256("", "")) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
    );
    Sha256 parts;
    parts.update("a");
    parts.update("bc");
    CHECK(parts.finish() == sha256("abc"));
    CHECK(from_base64(to_base64("любой текст")) == "любой текст");
    CHECK_FALSE(from_base64("a"));
}

TEST_CASE("X4: a sealed backup opens with its passphrase only, and notices damage") {
    auto sealed = seal_with_passphrase("phrase", "store and key");
    CHECK(open_with_passphrase("phrase", sealed) == "store and key");
    CHECK(open_with_passphrase("other", sealed).error().kind == ErrorKind::malformed);
    sealed[sealed.size() / 2] = static_cast<char>(sealed[sealed.size() / 2] ^ 1);
    CHECK(open_with_passphrase("phrase", sealed).error().kind == ErrorKind::malformed);
    CHECK_FALSE(open_with_passphrase("phrase", "short"));
}

TEST_CASE("I8: Cyrillic look-alikes in codes are read as Latin") {
    CHECK(fold_code(" а16.07.002 ") == "A16.07.002");
}

TEST_CASE("charsets: whole values into UTF-8, a bad byte is an error with its place") {
    auto win1251 = CharsetConverter::to_utf8("WIN1251");
    CHECK(win1251->convert("\xcf\xf0\xe8\xe2\xe5\xf2") == "Привет");
    CHECK(win1251->convert("").value().empty());
    CHECK(
        win1251->convert("ok\x98").error().text.find("byte 2") != std::string::npos
    );  // 0x98 is not in windows-1251
    CHECK_FALSE(CharsetConverter::to_utf8("UTF8")->convert("\xff"));
    CHECK(CharsetConverter::to_utf8("KLINGON").error().kind == ErrorKind::misconfigured);
}

TEST_CASE("documents: no floats, no repeated keys, bounded depth, valid UTF-8") {
    CHECK(parse_json(R"({"a":[1,"x",null,true]})").has_value());
    CHECK_FALSE(parse_json(R"({"a":1.5})"));
    CHECK_FALSE(parse_json(R"({"a":1,"a":2})"));
    CHECK_FALSE(parse_json(std::string(70, '[') + std::string(70, ']')));
    CHECK_FALSE(parse_json("{\"a\":\"\xff\"}"));
    CHECK_FALSE(parse_json("{} x"));
    CHECK(canonical_json(*parse_json(R"({ "b": 1, "a": "ё" })")) == R"({"a":"ё","b":1})");
    std::string text;
    append_json_string(text, "a\"\\\n\x01");
    CHECK(parse_json(text)->get<std::string>() == "a\"\\\n\x01");
}
