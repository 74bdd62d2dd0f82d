/* The statements for PostgreSQL, in a PostgreSQL. Skipped where there is none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "schema/format.h"
#include "tests/unit/schema/documents.h"

static void put(struct trn_bytes *sql, const char *text)
{
    CHECK(trn_bytes_append_text(sql, text) == TERN_OK);
}

static const char *write_file(const char *name, const struct trn_bytes *sql)
{
    const char *path = trn_test_path(trn_test_folder(), name);
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL && fwrite(sql->data, 1, sql->size, file) == sql->size);
    CHECK(fclose(file) == 0);
    return path;
}

/* Runs the SQL, and returns what it printed, to be freed with free; skips the test without a
 * PostgreSQL. */
static char *run(const struct trn_bytes *sql)
{
    const char *path = write_file("run.sql", sql);
    char command[1000];
    char *output = calloc(1, 65536);
    size_t size;
    FILE *pipe;
    int status;

    (void)snprintf(command,
                   sizeof(command),
                   "%s/tests/unit/schema/with_postgres %s",
                   TERN_SOURCE_DIR,
                   path);
    pipe = popen(command, "r");
    CHECK(pipe != NULL && output != NULL);
    size = fread(output, 1, 65535, pipe);
    output[size] = '\0';
    status = pclose(pipe);
    CHECK(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        free(output);
        (void)fprintf(stderr, "skipped: PostgreSQL is not installed\n");
        skip();
    }
    CHECK_INT(WEXITSTATUS(status), 0);
    return output;
}

static void put_ddl(struct trn_bytes *sql, const struct trn_schema *schema)
{
    put(sql, "BEGIN;\n");
    CHECK(trn_schema_ddl(schema, TRN_DIALECT_SERVER_POSTGRES, sql, NULL) == TERN_OK);
    put(sql, "COMMIT;\n");
}

TEST(postgresql_takes_the_server_s_tables)
{
    struct trn_schema *schema = documents_dastern();
    struct trn_bytes sql = {0};
    char *output;

    put_ddl(&sql, schema);
    put(&sql,
        "SELECT count(*) FROM pg_type WHERE typtype = 'e';\n"
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f';\n"
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confdeltype = 'c' AND "
        "condeferred;\n"
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> "
        "'sync_audit';\n"
        "SELECT count(*) FROM pg_tables WHERE tablename = 'sync_audit';\n"
        "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'sync_audit' "
        "AND indexname NOT LIKE '%_pkey';\n"
        "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%UNIQUE%WHERE (\"deletedAt\" IS "
        "NULL)';\n"
        "SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY "
        "a.attnum) FROM pg_attribute a WHERE a.attrelid = 'subscriptions'::regclass AND a.attnum > "
        "0;\n"
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'users' AND "
        "column_name "
        "IN ('passwordHash', 'pinCodeHash', 'failedLoginAttempts', 'lockedUntil');\n");
    output = run(&sql);
    CHECK_TEXT(output,
               "13\n18\n15\n13\n1\n39\n9\n"
               "id uuid, createdAt timestamp with time zone, userId uuid, tier "
               "\"SubscriptionTier\", storageQuota bigint, storageUsed bigint, expiresAt timestamp "
               "with time zone, countedAt timestamp with time zone, updatedAt timestamp with time "
               "zone, deletedAt timestamp with time zone, tern_v bytea\n4\n");
    free(output);
    trn_bytes_free(&sql);
    trn_schema_free(schema);
}

static const char typed[] =
    ",{'name':'select','type':'uuid','default':'018fe123-4567-79ab-8cde-f0123456789a'}"
    ",{'name':'said','type':'text','length':9,'length_min':2,'default':'it\\u0027s'}"
    ",{'name':'many','type':'bigint','min':-5,'default':-5}"
    ",{'name':'much','type':'real','max':0.5,'default':-0.5}"
    ",{'name':'paid','type':'decimal','precision':4,'scale':1,'default':'0.5'}"
    ",{'name':'is','type':'bool','default':true}"
    ",{'name':'day','type':'date','default':'2026-11-20'}"
    ",{'name':'at','type':'timestamptz','default':1763600000123456}"
    ",{'name':'box','type':'json','default':{'a':[1,null]}}"
    ",{'name':'raw','type':'bytes','length':2,'default':'AP8'}"
    ",{'name':'slot','type':'text','length':16,'format':'time-of-day','words':['NIGHT'],"
    "'default':'NIGHT'}";

TEST(postgresql_keeps_defaults_and_the_bytes_of_json)
{
    struct trn_schema *schema = documents_notes(
        typed,
        ",'checks':[{'name':'apart','compare':['day','<>','day']}],"
        "'indexes':[{'columns':['day'],'live':true,'where':{'column':'is','is':true}}]"
        "}],'server_tables':[{'name':'tokens','columns':[{'name':'user_id','type':'uuid',"
        "'references':{'table':'users','on_delete':'cascade'}}],"
        "'unique':[{'columns':['user_id']}]");
    struct trn_bytes sql = {0};
    char *output;

    put_ddl(&sql, schema);
    put(&sql,
        "ALTER TABLE notes DROP CONSTRAINT \"notes.apart.check\";\n"
        "BEGIN;\n"
        "INSERT INTO users (id, created_at, updated_at, tern_v) VALUES (gen_random_uuid(), now(), "
        "now(), '');\n"
        "INSERT INTO notes (id, owner_id, created_at, updated_at, tern_v) SELECT "
        "gen_random_uuid(), "
        "id, now(), now(), '' FROM users;\n"
        "SELECT \"select\", said, many, much, paid, \"is\", day, extract(epoch FROM at), box, raw, "
        "slot FROM notes;\n"
        "UPDATE notes SET box = '{ \"b\" : 1.50, \"a\": [ ] }';\n"
        "SELECT box FROM notes;\n"
        "SELECT count(*) FROM pg_constraint WHERE conname IN ('notes.said.length', "
        "'notes.many.range', 'notes.much.range', 'notes.raw.length', 'notes.slot.format');\n"
        "ROLLBACK;\n");
    output = run(&sql);
    CHECK_TEXT(output,
               "018fe123-4567-79ab-8cde-f0123456789a|it's|-5|-0.5|0.5|t|2026-11-20|1763600000."
               "123456|{\"a\":[1,null]}|\\x00ff|NIGHT\n"
               "{ \"b\" : 1.50, \"a\": [ ] }\n5\n");
    free(output);
    trn_bytes_free(&sql);
    trn_schema_free(schema);
}

/* ---- Formats ---- */

static const struct {
    const char *name;
    enum trn_format format;
} formats[] = {
    {"email", TRN_FORMAT_EMAIL},
    {"username", TRN_FORMAT_USERNAME},
    {"phone", TRN_FORMAT_PHONE},
    {"url", TRN_FORMAT_URL},
    {"time-of-day", TRN_FORMAT_TIME_OF_DAY},
    {"time-zone", TRN_FORMAT_TIME_ZONE},
    {"ip-address", TRN_FORMAT_IP_ADDRESS},
    {"language-tag", TRN_FORMAT_LANGUAGE_TAG},
};

static const char *const texts[] = {
    "",
    "a.b+c@example.org",
    "a@b",
    "a b@c.de",
    "a@b.de.",
    "a..b@c.de",
    "first_last-2",
    "two words",
    "+855 12 345",
    "(012) 345.678",
    "1234",
    "12+345678",
    "https://e.org/a?b=c#d",
    "http://",
    "ftp://e.org",
    "https://a b",
    "00:00",
    "23:59:59",
    "24:00",
    "07:60",
    "Asia/Phnom_Penh",
    "Asia/",
    "Etc/GMT+7",
    "192.168.0.255",
    "256.1.1.1",
    "01.2.3.4",
    "::1",
    "1::2::3",
    ":::",
    "2001:db8:0:0:0:0:0:1",
    "::ffff:10.0.0.1",
    "km",
    "en-US",
    "en_US",
    "zh-Hant-TW",
    "abcdefghi",
    "\xE1\x9E\x90@c.de",
    "a\nb@c.de",
    "a\\b",
    "^$",
    "x{2}",
};

enum { FORMATS = sizeof(formats) / sizeof(formats[0]), TEXTS = sizeof(texts) / sizeof(texts[0]) };

static void put_try(struct trn_bytes *sql, size_t format, size_t text)
{
    CHECK(
        trn_bytes_append_format(
            sql,
            "DO $do$ BEGIN INSERT INTO notes (id, owner_id, created_at, updated_at, tern_v, f%zu) "
            "VALUES (gen_random_uuid(), gen_random_uuid(), now(), now(), '', $text$%s$text$); "
            "INSERT INTO outcome VALUES (%zu, '1'); EXCEPTION WHEN check_violation THEN INSERT "
            "INTO outcome VALUES (%zu, '0'); END $do$;\n",
            format,
            texts[text],
            format * TEXTS + text,
            format * TEXTS + text) == TERN_OK);
}

TEST(postgresql_and_the_checker_agree_on_formats)
{
    char columns[1000] = "";
    char expected[FORMATS * TEXTS + 2] = "";
    struct trn_schema *schema;
    struct trn_bytes sql = {0};
    char *output;

    for (size_t f = 0; f < FORMATS; f++) {
        (void)snprintf(columns + strlen(columns),
                       sizeof(columns) - strlen(columns),
                       ",{'name':'f%zu','type':'text','format':'%s','nullable':true}",
                       f,
                       formats[f].name);
    }
    schema = documents_notes(columns, "");
    put_ddl(&sql, schema);
    put(&sql, "CREATE TABLE outcome (n integer, ok text);\nBEGIN;\n");
    for (size_t f = 0; f < FORMATS; f++) {
        for (size_t t = 0; t < TEXTS; t++) {
            put_try(&sql, f, t);
            expected[f * TEXTS + t] =
                trn_format_fits(formats[f].format, trn_slice_text(texts[t])) ? '1' : '0';
        }
    }
    expected[FORMATS * TEXTS] = '\n';
    put(&sql, "SELECT string_agg(ok, '' ORDER BY n) FROM outcome;\nROLLBACK;\n");
    output = run(&sql);
    CHECK(strchr(expected, '1') != NULL && strchr(expected, '0') != NULL);
    CHECK_TEXT(output, expected);
    free(output);
    trn_bytes_free(&sql);
    trn_schema_free(schema);
}

/* ---- Upgrade ---- */

static struct trn_schema *version(bool is_second)
{
    static const char form[] =
        "{\"tern\":1,\"name\":\"n\",\"version\":%d,\"server_naming\":\"camelCase\",\"users\":{"
        "\"table\":\"users\"},\"enums\":[{\"name\":\"Kind\",\"values\":[\"A\"%s]}%s],\"tables\":[{"
        "\"name\":\"users\",\"scopes\":[\"id\"],\"columns\":[{\"name\":\"kind\",\"type\":\"enum\","
        "\"enum\":\"Kind\"}%s],\"units\":[{\"name\":\"one\",\"columns\":[\"kind\"]}%s]}%s]}";
    char text[2000];

    (void)snprintf(
        text,
        sizeof(text),
        form,
        is_second ? 2 : 1,
        is_second ? ",{\"value\":\"B\",\"since\":2,\"fallback\":\"A\"}" : "",
        is_second ? ",{\"name\":\"Mood\",\"values\":[\"GOOD\"]}" : "",
        is_second
            ? ",{\"name\":\"my_mood\",\"type\":\"enum\",\"enum\":\"Mood\",\"default\":\"GOOD\","
              "\"since\":2},{\"name\":\"twin_id\",\"type\":\"uuid\",\"nullable\":true,\"since\":"
              "2,\"references\":{\"table\":\"users\"}}"
            : "",
        is_second ? ",{\"name\":\"two\",\"columns\":[\"my_mood\",\"twin_id\"]}" : "",
        is_second
            ? ",{\"name\":\"tasks\",\"since\":2,\"scopes\":[\"user_id\"],\"columns\":[{\"name\":"
              "\"user_id\",\"type\":\"uuid\",\"references\":{\"table\":\"users\"}}],"
              "\"indexes\":[{\"columns\":[\"user_id\"]}]}"
            : "");
    return documents_load(text);
}

TEST(postgresql_takes_an_upgrade_and_keeps_the_rows)
{
    struct trn_schema *from = version(false);
    struct trn_schema *to = version(true);
    struct trn_bytes sql = {0};
    char *output;

    put_ddl(&sql, from);
    put(&sql,
        "INSERT INTO users (id, \"createdAt\", \"updatedAt\", tern_v, kind) VALUES "
        "(gen_random_uuid(), now(), now(), '', 'A');\nBEGIN;\n");
    CHECK(trn_schema_upgrade_ddl(from, to, TRN_DIALECT_SERVER_POSTGRES, &sql, NULL) == TERN_OK);
    put(&sql,
        "COMMIT;\nUPDATE users SET kind = 'B', \"twinId\" = id;\n"
        "SELECT kind, \"myMood\", \"twinId\" = id FROM users;\n"
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f';\n"
        "SELECT count(*) FROM pg_indexes WHERE indexname = 'tasks_user_id_idx';\n");
    output = run(&sql);
    CHECK_TEXT(output, "B|GOOD|t\n2\n1\n");
    free(output);
    trn_bytes_free(&sql);
    trn_schema_free(from);
    trn_schema_free(to);
}
