/* Bad documents: each is refused with the place and the reason, and nothing is left behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/change.h"
#include "sim/fault/fault.h"
#include "tests/unit/schema/documents.h"

struct bad {
    const char *columns; /* further columns of the table notes */
    const char *extra;   /* further keys of it, and what follows the table */
    const char *pointer;
    const char *reason;
};

#define NOTES "/tables/1"
#define COLUMN NOTES "/columns/2"

static const struct bad bads[] = {
    /* columns */
    {",5", "", COLUMN, "must be an object"},
    {",{'name':'a'}", "", COLUMN, "the key \"type\" is missing"},
    {",{'type':'text'}", "", COLUMN, "the key \"name\" is missing"},
    {",{'name':'a','type':'text','lenght':5}", "", COLUMN, "unknown key \"lenght\""},
    {",{'name':'a','type':'varchar'}", "", COLUMN "/type", "must be one of uuid, text, integer"},
    {",{'name':5,'type':'text'}", "", COLUMN "/name", "must be a string"},
    {",{'name':'A','type':'text'}", "", COLUMN "/name", "must be a name"},
    {",{'name':'','type':'text'}", "", COLUMN "/name", "must be a name"},
    {",{'name':'a\\\"b','type':'text'}", "", COLUMN "/name", "must be a name"},
    {",{'name':'a234567890123456789012345678901234567890123456789','type':'text'}",
     "",
     COLUMN "/name",
     "must be a name"},
    {",{'name':'body','type':'text'}", "", COLUMN, "two columns of one name"},
    {",{'name':'a','server_name':'body','type':'text'}", "", COLUMN, "two columns of one name"},
    {",{'name':'id','type':'text'}", "", COLUMN "/name", "the name is reserved"},
    {",{'name':'deleted_at','type':'text'}", "", COLUMN "/name", "the name is reserved"},
    {",{'name':'tern_v','type':'text'}", "", COLUMN "/name", "the name is reserved"},
    {",{'name':'rowid','type':'text'}", "", COLUMN "/name", "the name is reserved"},
    {",{'name':'a','server_name':'ctid','type':'text'}",
     "",
     COLUMN,
     "the server's name is reserved"},
    {",{'name':'a','server_name':'a b','type':'text'}",
     "",
     COLUMN "/server_name",
     "must be letters"},
    {",{'name':'a','type':'text','nullable':1}", "", COLUMN "/nullable", "must be true or false"},
    {",{'name':'a','type':'timestamptz','nullable':true,'filled':'received'}",
     "",
     COLUMN,
     "the server fills server_columns"},
    {"",
     ",'server_columns':[{'name':'a','type':'timestamptz','nullable':true,'filled':'sent'}]",
     "/tables/1/server_columns/0/filled",
     "must be one of received"},
    {"",
     ",'server_columns':[{'name':'a','type':'timestamptz','filled':'received','default':1}]",
     "/tables/1/server_columns/0/filled",
     "nullable timestamptz"},
    {"",
     ",'server_columns':[{'name':'a','type':'date','nullable':true,'filled':'received'}]",
     "/tables/1/server_columns/0/filled",
     "nullable timestamptz"},
    {"",
     "}],'server_tables':[{'name':'a','columns':[{'name':'b','type':'timestamptz','nullable':true,'"
     "filled':"
     "'received'}]",
     "/server_tables/0/columns/0",
     "the server fills server_columns"},
    {",{'name':'a','type':'text','length':0}", "", COLUMN "/length", "must not be 0"},
    {",{'name':'a','type':'text','length':-1}", "", COLUMN "/length", "must be a whole number"},
    {",{'name':'a','type':'text','length':2,'length_min':3}", "", COLUMN, "length_min is above"},
    {",{'name':'a','type':'integer','length':3}", "", COLUMN "/length", "does not go with"},
    {",{'name':'a','type':'text','min':3}", "", COLUMN "/min", "does not go with this type"},
    {",{'name':'a','type':'integer','min':3,'max':2}", "", COLUMN, "min is above max"},
    {",{'name':'a','type':'integer','min':0.5}", "", COLUMN "/min", "must be a whole number"},
    {",{'name':'a','type':'integer','max':3000000000}", "", COLUMN "/max", "is beyond"},
    {",{'name':'a','type':'bigint','max':9007199254740994}", "", COLUMN "/max", "within 2^53"},
    {",{'name':'a','type':'decimal'}", "", COLUMN, "the key \"precision\" is missing"},
    {",{'name':'a','type':'decimal','precision':2,'scale':2}", "", COLUMN "/scale", "must be"},
    {",{'name':'a','type':'enum'}", "", COLUMN, "the key \"enum\" is missing"},
    {",{'name':'a','type':'enum','enum':'Nobody'}", "", COLUMN "/enum", "no enum \"Nobody\""},
    {",{'name':'a','type':'text','format':'regex'}", "", COLUMN "/format", "must be one of none"},
    {",{'name':'a','type':'text','words':[]}", "", COLUMN "/words", "must have 1 to"},
    {",{'name':'a','type':'text','since':2}",
     "",
     COLUMN "/since",
     "must be a whole number from 1 to 1"},
    /* defaults */
    {",{'name':'a','type':'text','default':null}", "", COLUMN "/default", "leave the key out"},
    {",{'name':'a','type':'text','default':5}", "", COLUMN "/default", "must be a string"},
    {",{'name':'a','type':'text','length':2,'default':'abc'}",
     "",
     COLUMN "/default",
     "notes.a takes at most 2 characters"},
    {",{'name':'a','type':'enum','enum':'Role','default':'KING'}",
     "",
     COLUMN "/default",
     "notes.a takes one of READER, WRITER"},
    {",{'name':'a','type':'bool','default':1}", "", COLUMN "/default", "must be true or false"},
    {",{'name':'a','type':'uuid','default':'x'}", "", COLUMN "/default", "must be a uuid"},
    {",{'name':'a','type':'bytes','default':'*'}", "", COLUMN "/default", "must be base64"},
    {",{'name':'a','type':'date','default':'2026-02-30'}", "", COLUMN "/default", "takes a date"},
    /* references */
    {",{'name':'a','type':'uuid','references':{'table':'nowhere'}}",
     "",
     COLUMN "/references/table",
     "there is no table \"nowhere\""},
    {",{'name':'a','type':'text','references':{'table':'users'}}",
     "",
     COLUMN "/references",
     "does not go with this type"},
    {",{'name':'a','type':'uuid','references':{'table':'users','on_delete':'set_null'}}",
     "",
     COLUMN "/references/on_delete",
     "the column is not nullable"},
    {",{'name':'a','type':'uuid','references':{'table':'users','on_delete':'explode'}}",
     "",
     COLUMN "/references/on_delete",
     "must be one of restrict, cascade, set_null"},
    {",{'name':'a','type':'uuid','references':{'table':'users'},"
     "'default':'00000000-0000-0000-0000-000000000000'}",
     "",
     COLUMN "/default",
     "a reference has no default"},
    /* natural keys */
    {"", ",'natural_key':['body']", NOTES "/natural_key/0", "body is nullable"},
    {"", ",'natural_key':['nothing']", NOTES "/natural_key/0", "no column \"nothing\""},
    {"", ",'natural_key':['owner_id','owner_id']", NOTES "/natural_key/1", "listed twice"},
    {"", ",'natural_key':['created_at']", NOTES "/natural_key/0", "created_at cannot be"},
    {",{'name':'a','type':'real'}", ",'natural_key':['a']", NOTES "/natural_key/0", "real, json"},
    {"", ",'natural_key_partial':true", NOTES, "there is no natural_key"},
    {"", ",'since':0", NOTES "/since", "must be a whole number from 1"},
    {"", ",'description':5", NOTES, "the description must be a string"},
    {"", ",'ids':'v9'", NOTES "/ids", "must be one of v7, v4"},
    /* units */
    {"",
     ",'units':[{'name':'one','columns':['body']},{'name':'two','columns':['body']}]",
     NOTES "/units/1/columns/0",
     "the column is in two units"},
    {",{'name':'a','type':'text'}",
     ",'units':[{'name':'one','columns':['body']}]",
     NOTES "/units",
     "the column a is in no unit"},
    {",{'name':'a','type':'text'}",
     ",'units':[{'name':'one','columns':['body']},{'name':'one','columns':['a']}]",
     NOTES "/units/1/name",
     "two units of one name"},
    {"", ",'units':[{'name':'one','columns':[]}]", NOTES "/units/0/columns", "must have 1 to"},
    {"",
     ",'units':[{'name':'one','columns':['body','created_at']}]",
     NOTES "/units/0/columns/1",
     "created_at is of no unit"},
    {"",
     ",'units':[{'name':'one','columns':['body'],'rank':'high'}]",
     NOTES "/units/0/rank",
     "must be one of recorded, inferred"},
    {",{'name':'a','type':'enum','enum':'Role'}",
     ",'units':[{'name':'one','columns':['body'],'inferred_if':{'column':'a','values':['READER']}},"
     "{'name':'two','columns':['a']}]",
     NOTES "/units/0/inferred_if",
     "the column is not of this unit"},
    {",{'name':'a','type':'enum','enum':'Role'}",
     ",'units':[{'name':'one','columns':['body','a'],"
     "'inferred_if':{'column':'a','values':['KING']}}]",
     NOTES "/units/0/inferred_if/values/0",
     "takes one of READER, WRITER"},
    {"",
     ",'units':[{'name':'one','columns':['body'],"
     "'recorded_if_inserted_with':{'column':'body','value':'x'}}]",
     NOTES "/units/0/recorded_if_inserted_with",
     "no rule to be an exception of"},
    /* scopes */
    {"", ",'checks':[]", NOTES "/checks", "must have 1 to"},
    {",{'name':'a','type':'text'}",
     ",'units':[{'name':'one','columns':['body']},{'name':'two','columns':['a']}],"
     "'checks':[{'name':'both','compare':['body','<>','a']}]",
     NOTES "/checks/0",
     "a check spans columns of one unit"},
    {",{'name':'a','type':'integer'}",
     ",'checks':[{'name':'both','compare':['body','<>','a']}]",
     NOTES "/checks/0/compare",
     "must be of one type"},
    {"", ",'checks':[{'name':'none'}]", NOTES "/checks/0", "either \"compare\" or \"require\""},
    /* indexes */
    {"", ",'indexes':[{'columns':['nothing']}]", NOTES "/indexes/0/columns/0", "no column"},
    {"", ",'indexes':[{'columns':[]}]", NOTES "/indexes/0/columns", "must have 1 to"},
    {"",
     ",'indexes':[{'columns':['body']},{'columns':['body']}]",
     NOTES,
     "the name notes_body_idx is given twice"},
    {"",
     ",'indexes':[{'name':'users','columns':['body']}]",
     NOTES,
     "the name users is given twice"},
    {"",
     ",'indexes':[{'columns':['body'],'where':{'column':'body','is':5}}]",
     NOTES "/indexes/0/where/is",
     "must be a string"},
    {"", ",'queries':[{'name':'q','equal':['body']}]", NOTES "/queries/0", "no index covers"},
    {"", ",'queries':[{'name':'q'}]", NOTES "/queries/0", "names no column"},
    /* the rest of a table */
    {"", ",'window':{'column':'body','days':5}", NOTES "/window/column", "must be a date"},
    {"", ",'window':{'column':'created_at','days':0}", NOTES "/window", "at least 1"},
    {"", ",'window':{'column':'created_at','days':1}", NOTES "/window/column", "lead an index"},
    {"",
     ",'indexes':[{'columns':['created_at'],'live':true},{'columns':['body','created_at']}],"
     "'window':{'column':'created_at','days':1}",
     NOTES "/window/column",
     "lead an index"},
    {"", ",'write':'everybody'", NOTES "/write", "must be one of owner, insert_only, server"},
    {"", ",'write_scopes':'all'", NOTES "/write_scopes", "must be one of home, any"},
    {"", ",'append_only':true", NOTES, "an append-only table is written insert_only"},
    /* further tables */
    {"", "},{'name':'notes','columns':[],'scopes':['id']", "/tables/2/columns", "must have 1 to"},
    {"",
     "},{'name':'notes','columns':[{'name':'a','type':'text'}],'scopes':['id']",
     "/tables/2",
     "two tables of one name"},
    {"",
     "},{'name':'sync_audit','columns':[{'name':'a','type':'text'}]",
     "/tables/2/name",
     "the name is reserved"},
    {"",
     "},{'name':'tern_meta','columns':[{'name':'a','type':'text'}]",
     "/tables/2/name",
     "the name is reserved"},
    {"",
     "},{'name':'a','columns':[{'name':'b','type':'text'}]",
     "/tables/2",
     "\"scopes\" is missing"},
    {"",
     "},{'name':'a','columns':[{'name':'b','type':'text'}],'scopes':['id']",
     "/tables/2/scopes/0",
     "no path of columns"},
    {"",
     "},{'name':'a','columns':[{'name':'b','type':'uuid'}],'scopes':['b']",
     "/tables/2/scopes/0",
     "must end in a column that references users"},
    {"",
     "},{'name':'a','columns':[{'name':'b','type':'uuid'}],'scopes':['b.c']",
     "/tables/2/scopes/0",
     "b references no table"},
    {"",
     "},{'name':'a','columns':[{'name':'b','type':'uuid','references':{'table':'a'}}],"
     "'scopes':['b.b']",
     "/tables/2/scopes/0",
     "the path is circular: it comes to a twice"},
    {"",
     "},{'name':'a','columns':[{'name':'b','type':'uuid','references':{'table':'notes'}}],"
     "'scopes':['b.']",
     "/tables/2/scopes/0",
     "no path of columns"},
    {"",
     "},{'name':'a','columns':[{'name':'b','type':'uuid','references':{'table':'users'}}],"
     "'scopes':['b','b']",
     "/tables/2/scopes/1",
     "the path is listed twice"},
    /* behind the tables */
    {"",
     "}],'server_tables':[{'name':'users','columns':[{'name':'b','type':'text'}]",
     "/server_tables/0",
     "two tables of one name"},
    {"",
     "}],'server_tables':[{'name':'a','scopes':['id'],'columns':[{'name':'b','type':'text'}]",
     "/server_tables/0",
     "unknown key \"scopes\""},
    {"", "}],'grants':[{'table':'nowhere'", "/grants/0/table", "there is no table"},
    {"",
     "}],'grants':[{'table':'notes','people':['owner_id']",
     "/grants/0/people",
     "must have 2 to"},
    {"",
     "}],'grants':[{'table':'notes','people':['owner_id','body']",
     "/grants/0/people",
     "two columns that reference the users"},
};

/* What is wrong with the "offer" of a grant. */
static const struct bad_offer {
    const char *offer;
    const char *place;
    const char *reason;
} bad_offers[] = {
    {"{'by':'status','when':[]}", "/grants/0/offer/by", "one of the two people"},
    {"{'when':[]}", "/grants/0/offer", "\"by\" is missing"},
    {"{'by':'a_id'}", "/grants/0/offer", "\"when\" is missing"},
    {"{'by':'b_id','when':[]}", "/grants/0/offer/by", "must be immutable"},
    {"{'by':'a_id','when':[]}", "/grants/0/offer/when", "must have 1 to"},
    {"{'by':'a_id','when':[{'column':'status','is':'NO'}]}",
     "/grants/0/offer",
     "nothing of a column"},
    {"{'by':'a_id','when':[{'column':'status','is':'YES'},{'column':'level','is':'ALL'}]}",
     "/grants/0/offer",
     "is the state that opens"},
    {"{'by':'a_id','when':[{'column':'status','is':'SO'},{'column':'level','is':'ALL'}]}",
     "/grants/0/offer/when/0/is",
     ""},
    {"{'by':'a_id','when':[],'word':1}", "/grants/0/offer", "unknown key"},
};

static tern_status load_offer(const char *offer, struct trn_schema **ret_schema, tern_error *error)
{
    char text[2000];

    (void)snprintf(text,
                   sizeof text,
                   "{'tern':1,'name':'offers','version':1,'users':{'table':'users','role':'role'},"
                   "'enums':[{'name':'Role','values':['PATIENT','DOCTOR']},{'name':'State','values'"
                   ":['NO','YES']}],"
                   "'tables':[{'name':'users','scopes':['id'],'columns':[{'name':'role','type':'"
                   "enum','enum':'Role'}]},"
                   "{'name':'bonds','scopes':['a_id'],'columns':[{'name':'a_id','type':'uuid','"
                   "references':{'table':"
                   "'users','may_leave_scope':true}},{'name':'b_id','type':'uuid','references':{'"
                   "table':'users',"
                   "'may_leave_scope':true}},{'name':'status','type':'enum','enum':'State'},{'name'"
                   ":'level','type':"
                   "'text'}]}],'grants':[{'table':'bonds','people':['a_id','b_id'],'when':[{'"
                   "column':'status','is':'YES'},"
                   "{'column':'level','is':'ALL'}],'offer':%s,'subject_role':'PATIENT','holders':[{"
                   "'role':'DOCTOR'}]}]}",
                   offer);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    return trn_schema_load(text, strlen(text), ret_schema, error);
}

TEST(an_offer_that_would_open_more_than_it_says_is_refused)
{
    struct trn_schema *schema = NULL;

    for (size_t i = 0; i < sizeof bad_offers / sizeof *bad_offers; i++) {
        tern_error error = {0};

        CHECK_INT(load_offer(bad_offers[i].offer, &schema, &error), TERN_ERR_SCHEMA);
        if (strncmp(error.message, bad_offers[i].place, strlen(bad_offers[i].place)) != 0 ||
            strstr(error.message, bad_offers[i].reason) == NULL) {
            fail_msg("%s: %s", bad_offers[i].offer, error.message);
        }
        CHECK(schema == NULL);
    }
    CHECK_INT(
        load_offer(
            "{'by':'a_id','when':[{'column':'level','is':'ALL'},{'column':'status','is':'NO'}]}",
            &schema,
            NULL),
        TERN_OK);
    CHECK_INT(schema->grants[0].offer_by, trn_table_column(&schema->tables[1], "a_id"));
    CHECK_INT(schema->grants[0].offer_count, 2);
    trn_schema_free(schema);
}

static tern_status load_notes(const struct bad *bad, tern_error *error)
{
    char *text = documents_notes_text(bad->columns, bad->extra);
    struct trn_schema *schema = NULL;
    tern_status status = trn_schema_load(text, strlen(text), &schema, error);

    CHECK(status == TERN_OK || schema == NULL);
    trn_schema_free(schema);
    free(text);
    return status;
}

TEST(a_bad_document_is_refused_with_place_and_reason)
{
    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        tern_error error = {.status = TERN_OK};
        char place[100];

        CHECK_INT(load_notes(&bads[i], &error), TERN_ERR_SCHEMA);
        (void)snprintf(place, sizeof(place), "%s: ", bads[i].pointer);
        if (strncmp(error.message, place, strlen(place)) != 0 ||
            strstr(error.message, bads[i].reason) == NULL) {
            (void)fprintf(stderr, "expected %s%s\n", place, bads[i].reason);
            CHECK_TEXT(error.message, "");
        }
    }
}

static void refuse_text(const char *text, size_t size, const char *message)
{
    struct trn_schema *schema = NULL;
    tern_error error = {.status = TERN_OK};

    CHECK_INT(trn_schema_load(text, size, &schema, &error), TERN_ERR_SCHEMA);
    CHECK(schema == NULL);
    if (strstr(error.message, message) == NULL) {
        CHECK_TEXT(error.message, message);
    }
}

TEST(a_text_that_is_no_document_is_refused)
{
    static const char audit[] = "{\"tern\":1,\"tern\":1}";

    refuse_text("", 0, "line 1");
    refuse_text("[]", 2, "(document): must be an object");
    refuse_text("{}", 2, "(document): the key \"tern\" is missing");
    refuse_text("{\"a/b~\":1}", 10, "unknown key \"a/b~\"");
    refuse_text("{\"tern\":2}", 10, "/tern: must be a whole number from 1 to 1");
    refuse_text("{\"name\":\"\xFF\"}", 12, "not UTF-8");
    refuse_text(audit, strlen(audit), "line 1, column 16");
    refuse_text("{\"tern\":1}}", 11, "line 1");
}

TEST(a_document_too_large_or_too_deep_is_refused)
{
    size_t size = TRN_SCHEMA_DOCUMENT_MAX + 1;
    char *text = malloc(size);

    CHECK(text != NULL);
    memset(text, ' ', size);
    refuse_text(text, size, "larger than 1048576 bytes");
    memset(text, '[', 5000);
    refuse_text(text, 5000, "too deep");
    free(text);
}

TEST(a_document_cut_anywhere_is_refused_and_leaks_nothing)
{
    char *text = documents_notes_text("", ",'indexes':[{'columns':['body']}]");

    for (size_t size = 0; size < strlen(text); size++) {
        struct trn_schema *schema = NULL;
        tern_error error = {.status = TERN_OK};

        CHECK_INT(trn_schema_load(text, size, &schema, &error), TERN_ERR_SCHEMA);
        CHECK(schema == NULL && error.message[0] != '\0');
    }
    free(text);
}

/* Every byte of a good document in turn becomes another: it loads or is refused, and never ends the
 * process. */
TEST(a_document_with_any_byte_changed_loads_or_is_refused)
{
    static const char bytes[] = {'0', '"', '{', ',', '\0', '\xC3', 'a'};
    char *text = documents_notes_text(",{'name':'a','type':'decimal','precision':5}",
                                      ",'indexes':[{'columns':['body'],'live':true}]");
    size_t size = strlen(text);

    for (size_t i = 0; i < size; i++) {
        char kept = text[i];

        for (size_t k = 0; k < sizeof(bytes); k++) {
            struct trn_schema *schema = NULL;
            tern_error error = {.status = TERN_OK};
            tern_status status;

            text[i] = bytes[k];
            status = trn_schema_load(text, size, &schema, &error);
            CHECK((status == TERN_OK) == (schema != NULL));
            CHECK(status == TERN_OK || (status == TERN_ERR_SCHEMA && error.message[0] != '\0'));
            trn_schema_free(schema);
        }
        text[i] = kept;
    }
    free(text);
}

TEST(more_units_or_columns_than_a_row_can_have_are_refused)
{
    struct trn_bytes columns = {0};
    struct trn_bytes units = {0};
    struct bad bad = {.columns = "", .extra = ""};
    tern_error error = {.status = TERN_OK};

    CHECK(trn_bytes_append_text(&units, ",'units':[{'name':'u','columns':['body']}") == TERN_OK);
    for (int i = 0; i < TRN_UNITS_MAX - 1; i++) {
        CHECK(trn_bytes_append_format(&columns, ",{'name':'c%d','type':'bool'}", i) == TERN_OK);
        CHECK(trn_bytes_append_format(&units, ",{'name':'u%d','columns':['c%d']}", i, i) ==
              TERN_OK);
    }
    CHECK(trn_bytes_append_text(&units, "]") == TERN_OK);
    bad.columns = trn_bytes_text(&columns);
    bad.extra = trn_bytes_text(&units);
    CHECK_INT(load_notes(&bad, &error), TERN_ERR_SCHEMA);
    CHECK_TEXT(error.message, "/tables/1/units: must have 1 to 15 items");
    bad.extra = "";
    CHECK_INT(load_notes(&bad, NULL), TERN_OK);
    for (int i = TRN_UNITS_MAX; i < TRN_COLUMNS_MAX; i++) {
        CHECK(trn_bytes_append_format(&columns, ",{'name':'c%d','type':'bool'}", i) == TERN_OK);
    }
    bad.columns = trn_bytes_text(&columns);
    error = (tern_error){.status = TERN_OK};
    CHECK_INT(load_notes(&bad, &error), TERN_ERR_SCHEMA);
    CHECK_TEXT(error.message, "/tables/1/columns: must have 1 to 63 items");
    trn_bytes_free(&columns);
    trn_bytes_free(&units);
}

TEST(a_person_s_own_row_is_kept_until_their_record_is_erased)
{
    static const char text[] =
        "{\"tern\":1,\"name\":\"n\",\"version\":1,\"users\":{\"table\":\"u\"},\"tables\":[{"
        "\"name\":\"u\",\"scopes\":[\"id\"],\"retention_days\":30,\"columns\":[{\"name\":\"name\","
        "\"type\":\"text\",\"nullable\":true}]}]}";
    struct trn_schema *schema = NULL;
    tern_error error = {.status = TERN_OK};

    CHECK_INT(trn_schema_load(text, strlen(text), &schema, &error), TERN_ERR_SCHEMA);
    CHECK_TEXT(error.message, "/tables/0/retention_days: a person's record goes by erasure alone");
}

TEST(a_description_says_what_the_document_says)
{
    struct trn_schema *schema = documents_notes(
        ",{'name':'kind','type':'enum','enum':'Role','default':'WRITER','sensitive':true}"
        ",{'name':'at','type':'timestamptz','nullable':true}",
        ",'units':[{'name':'one','columns':['at','body']},{'name':'two','columns':['kind'],"
        "'inferred_if':{'column':'kind','values':['READER']},'server_owned':true}],"
        "'unique':[{'columns':['body','kind']}],'ids':'v4','write':'server','write_scopes':'any',"
        "'indexes':[{'columns':['at','body']}],"
        "'window':{'column':'at','days':7},'retention_days':365");
    const struct trn_table *notes = trn_schema_table(schema, "notes");

    CHECK_INT(notes->index, 1);
    CHECK_INT(notes->column_count, 5);
    CHECK_TEXT(notes->columns[0].name, "created_at");
    CHECK_INT(notes->columns[0].unit, TRN_UNIT_EXISTENCE);
    CHECK(notes->columns[1].immutable && notes->columns[1].unit == TRN_UNIT_EXISTENCE);
    CHECK(notes->columns[1].may_leave && notes->columns[1].target == 0);
    CHECK_INT(notes->unit_count, 3);
    CHECK_INT(notes->units[1].column_count, 2);
    CHECK_INT(notes->units[1].columns[0], 2);
    CHECK_INT(notes->units[1].columns[1], 4);
    CHECK_INT(notes->units[2].rank_rule, TRN_RANK_BY_VALUE);
    CHECK_TEXT(notes->units[2].inferred_values[0], "READER");
    CHECK(notes->server_owned_units[2] && !notes->server_owned_units[1]);
    CHECK(notes->columns[3].sensitive && notes->columns[3].default_value.size == 6);
    CHECK_TEXT(notes->uniques[0].name, "notes_body_kind_key");
    CHECK(notes->mint_v4 && notes->write_rule == TRN_WRITE_SERVER && notes->any_scope_writes);
    CHECK_INT(notes->window_days, 7);
    CHECK_INT(notes->retention_days, 365);
    CHECK_INT(schema->users_table, 0);
    CHECK_INT(schema->role_column, 1);
    CHECK_INT(strlen(schema->document), schema->document_size);
    trn_schema_free(schema);
}

static void refuse_enum(const char *values, const char *place, const char *reason)
{
    char text[1000];
    struct trn_schema *schema = NULL;
    tern_error error = {.status = TERN_OK};

    (void)snprintf(
        text,
        sizeof(text),
        "{\"tern\":1,\"name\":\"n\",\"version\":3,\"users\":{\"table\":\"u\"},\"enums\":[{"
        "\"name\":\"E\",\"values\":[%s]}],\"tables\":[]}",
        values);
    CHECK_INT(trn_schema_load(text, strlen(text), &schema, &error), TERN_ERR_SCHEMA);
    if (strncmp(error.message, place, strlen(place)) != 0 ||
        strstr(error.message, reason) == NULL) {
        CHECK_TEXT(error.message, reason);
    }
}

TEST(a_later_value_of_an_enum_falls_back_to_one_that_older_versions_know)
{
#define LATE(value, since, fallback)                                                               \
    "{\"value\":\"" value "\",\"since\":" since ",\"fallback\":\"" fallback "\"}"
    refuse_enum("", "/enums/0/values", "must have 1 to");
    refuse_enum("\"A\",\"A\"", "/enums/0/values/1", "listed twice");
    refuse_enum("\"A B\"", "/enums/0/values/0", "must be letters");
    refuse_enum("\"A\",{\"value\":\"B\"}", "/enums/0/values/1", "\"since\" is missing");
    refuse_enum("\"A\"," LATE("B", "2", "C"), "/enums/0/values/1/fallback", "earlier version");
    refuse_enum("\"A\"," LATE("B", "1", "A"), "/enums/0/values/1/fallback", "earlier version");
    refuse_enum("\"A\"," LATE("B", "4", "A"), "/enums/0/values/1/since", "from 1 to 3");
    refuse_enum("\"A\"," LATE("B", "2", "A") ",\"C\"", "/enums/0/values/2", "stands behind");
    refuse_enum("\"A\"," LATE("B", "2", "A") "," LATE("C", "3", "B"), "/tables", "must have 1");
#undef LATE
}

TEST(a_table_whose_rows_never_change_has_no_unit_but_existence)
{
    struct trn_schema *schema =
        documents_notes("",
                        "},{'name':'pairs','scopes':['a_id'],'natural_key':['a_id'],'columns':["
                        "{'name':'a_id','type':'uuid','references':{'table':'users'}}]");

    CHECK_INT(trn_schema_table(schema, "pairs")->unit_count, 1);
    trn_schema_free(schema);
}

TEST(loading_works_or_fails_for_want_of_memory)
{
    char *text = documents_notes_text(",{'name':'a','type':'json','default':{'x':[1]}}",
                                      ",'indexes':[{'columns':['body']}]");
    unsigned failures = 0;

    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_schema *schema = NULL;
        tern_error error = {.status = TERN_OK};
        tern_status status = trn_schema_load(text, strlen(text), &schema, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        CHECK((status == TERN_OK) == (schema != NULL));
        failures += status != TERN_OK;
        trn_schema_free(schema);
    }
    CHECK(failures > 1);
    free(text);
}

static unsigned later; /* how many allocations behind the first that failed another one fails */
static bool has_failed;

static void fail_again(void)
{
    has_failed = true;
    fault_hear(NULL);
    fault_arm(later);
}

static tern_status load_short_of_memory(const char *text, unsigned nth)
{
    struct trn_schema *schema = NULL;
    tern_status status;

    has_failed = false;
    fault_hear(fail_again);
    fault_arm(nth);
    status = trn_schema_load(text, strlen(text), &schema, NULL);
    fault_hear(NULL);
    fault_arm(0);
    CHECK((status == TERN_OK) == (schema != NULL));
    trn_schema_free(schema);
    return status;
}

TEST(no_document_is_called_wrong_where_memory_runs_out_twice)
{
    char *text = documents_notes_text(",{'name':'a','type':'json','default':{'x':[1]}}",
                                      ",'indexes':[{'columns':['body']}]");
    unsigned failures = 0;

    for (later = 1; later <= 9; later++) {
        unsigned nth = 1;

        do {
            tern_status status = load_short_of_memory(text, nth++);

            CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
            failures += status != TERN_OK;
        } while (has_failed);
    }
    CHECK(failures > 9);
    free(text);
}
