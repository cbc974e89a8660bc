#include <doctest/doctest.h>

#include "support/firebird_fixture.hpp"

using namespace mis;
using support::FirebirdWriter;

TEST_CASE("the fixture writes and reads Cyrillic in an embedded base of each set") {
    support::FirebirdFolder folder;
    for (const std::string charset : {"WIN1251", "UTF8"}) {
        auto writer = FirebirdWriter::create({folder.file(charset + ".fdb")}, charset);
        writer.execute_script(
            "create table PEOPLE (ID bigint not null primary key, NAME varchar(40), MONEY "
            "numeric(15,2));\n"
        );
        writer.begin();
        writer.execute(
            "insert into PEOPLE values (1, " + support::quoted("Тестова О'Нил") + ", 1.08)"
        );
        writer.commit();
        CHECK(writer.value("select NAME from PEOPLE") == "Тестова О'Нил");
        CHECK(writer.value("select MONEY from PEOPLE") == "1.08");
        CHECK(writer.number("select count(*) from PEOPLE") == 1);
    }
}

TEST_CASE("the fixture runs a real server, kills it and starts it again") {
    support::FirebirdServer server;
    {
        auto writer = FirebirdWriter::create(server.login("a.fdb"), "WIN1251");
        writer.execute("create table T (ID integer)");
        writer.execute("insert into T values (7)");
    }
    server.kill();
    CHECK_THROWS(FirebirdWriter::open(server.login("a.fdb")));
    server.start();
    auto writer = FirebirdWriter::open(server.login("a.fdb"));
    CHECK(writer.number("select ID from T") == 7);
}
