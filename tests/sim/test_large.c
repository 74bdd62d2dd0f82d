/* Values as large as may be: what is taken here can be told to everybody it concerns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/files.h"
#include "tests/sim/pair.h"

#define SECOND_US INT64_C(1000000)

TEST(a_long_text_that_loses_reaches_every_device_in_the_audit)
{
    struct pair pair;

    pair_begin(&pair);
    pair_meet(&pair);
    CHECK_INT(device_try(&pair.phone, "UPDATE notes SET body = hex(zeroblob(524288))"),
              TERN_ERR_TOO_LARGE);
    device_run(&pair.phone, "UPDATE notes SET body = substr(hex(zeroblob(524288)), 12)");
    world_pass(&pair.world, SECOND_US);
    device_run(&pair.tablet, "UPDATE notes SET body = 'b' || substr(hex(zeroblob(524288)), 13)");
    device_sync_well(&pair.phone);
    device_sync_well(&pair.tablet);
    device_sync_well(&pair.phone);
    CHECK_TEXT(
        device_ask(&pair.phone, "SELECT length(lost_values), length(kept_values) FROM sync_audit"),
        "1048576,1048576");
    pair_end(&pair);
}

#define PAGE(n) "{'name':'c" n "','type':'text','nullable':true}"
#define UNIT(n) "{'name':'u" n "','columns':['c" n "']}"

/* A row of eight texts, each of which merges by itself. */
static const char pages[] =
    "{'tern':1,'name':'long','version':1,'users':{'table':'users','role':'role'},"
    "'enums':[{'name':'Role','values':['PATIENT','DOCTOR']}],'tables':["
    "{'name':'users','scopes':['id'],'columns':["
    "{'name':'role','type':'enum','enum':'Role','default':'PATIENT'}]},"
    "{'name':'pages','scopes':['owner_id'],'columns':["
    "{'name':'owner_id','type':'uuid','references':{'table':'users','may_leave_scope':true},"
    "'immutable':true}," PAGE("0") "," PAGE("1") "," PAGE("2") "," PAGE("3") "," PAGE("4") "," PAGE("5") "," PAGE("6") "," PAGE("7") "],'units':[" UNIT(
        "0") "," UNIT("1") "," UNIT("2") "," UNIT("3") "," UNIT("4") "," UNIT("5") "," UNIT("6") "," UNIT("7") "]}]}";

/* Half a mebibyte of zeros in hexadecimal: a whole one, but for what an audit entry adds. */
#define LONG_TEXT "substr(hex(zeroblob(524288)), 30)"

TEST(a_row_is_never_so_long_that_no_answer_could_carry_it)
{
    struct world world;
    struct device phone;
    struct device tablet;
    char *document = strdup(pages);
    char sql[200];

    CHECK(document != NULL);
    for (char *c = document; *c != '\0'; c++) {
        *c = (char)(*c == '\'' ? '"' : *c);
    }
    world_begin(&world);
    world_found(&world, document);
    device_begin(&world, &phone, "phone", 'p');
    device_run(&phone, "INSERT INTO users(id, role) VALUES(@p, 'PATIENT')");
    device_run(&phone, "INSERT INTO pages(id, owner_id) VALUES(tern_id(), @p)");
    for (int i = 0; i < 6; i++) {
        (void)snprintf(sql, sizeof sql, "UPDATE pages SET c%d = " LONG_TEXT, i);
        device_run(&phone, sql);
    }
    CHECK_INT(device_try(&phone, "UPDATE pages SET c6 = " LONG_TEXT ", c7 = " LONG_TEXT),
              TERN_ERR_TOO_LARGE);
    CHECK_INT(device_try(&phone, "UPDATE pages SET c6 = hex(zeroblob(524288))"),
              TERN_ERR_TOO_LARGE);
    CHECK_INT(device_try(&phone,
                         "INSERT INTO pages(id, owner_id, c0, c1, c2, c3, c4, c5, c6, c7) "
                         "SELECT tern_id(), owner_id, c0, c1, c2, c3, c4, c5, c0, c1 FROM pages"),
              TERN_ERR_TOO_LARGE);
    device_run(&phone, "UPDATE pages SET c6 = 'short'");
    device_sync_well(&phone);
    device_begin(&world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&tablet, "SELECT length(c5), c6, c7 IS NULL FROM pages"),
               "1048547,short,1");
    device_end(&phone);
    device_end(&tablet);
    world_end(&world);
    free(document);
}
