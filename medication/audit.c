/* The audit log, a page at a time, and its sentences. */
#include "tern/medication/audit.h"

#include <string.h>

#include "base/mutant.h"
#include "medication/internal.h"
#include "medication/saying.h"

enum { LIMIT_MAX = 1000, PAGE = 100, LANGUAGES = 2, KINDS = TERN_AUDIT_UNKNOWN + 1 };

static const struct {
    const char *code;
    const char *text[LANGUAGES];
    const char *undone[LANGUAGES]; /* NULL: as `text` */
} kinds[KINDS] = {
    [TERN_AUDIT_CONNECTION_REQUEST] = {"CONNECTION_REQUEST",
                                       {"បានស្នើសុំភ្ជាប់ទំនាក់ទំនង។", "A connection was asked for."},
                                       {NULL, NULL}},
    [TERN_AUDIT_CONNECTION_ACCEPT] = {"CONNECTION_ACCEPT",
                                      {"បានទទួលយកការភ្ជាប់ទំនាក់ទំនង។", "A connection was accepted."},
                                      {NULL, NULL}},
    [TERN_AUDIT_CONNECTION_REVOKE] = {"CONNECTION_REVOKE",
                                      {"បានបញ្ចប់ការភ្ជាប់ទំនាក់ទំនង។", "A connection was ended."},
                                      {NULL, NULL}},
    [TERN_AUDIT_PERMISSION_CHANGE] = {"PERMISSION_CHANGE",
                                      {"បានផ្លាស់ប្ដូរសិទ្ធិចូលមើល។", "A permission was changed."},
                                      {NULL, NULL}},
    [TERN_AUDIT_PRESCRIPTION_CREATE] = {"PRESCRIPTION_CREATE",
                                        {"បានបង្កើតវេជ្ជបញ្ជា។", "A prescription was created."},
                                        {NULL, NULL}},
    [TERN_AUDIT_PRESCRIPTION_UPDATE] = {"PRESCRIPTION_UPDATE",
                                        {"បានផ្លាស់ប្ដូរវេជ្ជបញ្ជា។", "A prescription was changed."},
                                        {NULL, NULL}},
    [TERN_AUDIT_PRESCRIPTION_CONFIRM] = {"PRESCRIPTION_CONFIRM",
                                         {"បានបញ្ជាក់ឱ្យប្រើវេជ្ជបញ្ជា។",
                                          "A prescription was put in force."},
                                         {NULL, NULL}},
    [TERN_AUDIT_PRESCRIPTION_RETAKE] = {"PRESCRIPTION_RETAKE",
                                        {"បានយកវេជ្ជបញ្ជាសាជាថ្មី។", "A prescription was retaken."},
                                        {NULL, NULL}},
    [TERN_AUDIT_DOSE_TAKEN] = {"DOSE_TAKEN",
                               {"បានកត់ត្រាថាបានលេបថ្នាំ។", "A dose was recorded as taken."},
                               {"បានបោះបង់កំណត់ត្រាថាបានលេបថ្នាំ។",
                                "The record of a dose taken was taken back."}},
    [TERN_AUDIT_DOSE_SKIPPED] = {"DOSE_SKIPPED",
                                 {"បានកត់ត្រាថារំលងថ្នាំ។", "A dose was recorded as skipped."},
                                 {"បានបោះបង់កំណត់ត្រាថារំលងថ្នាំ។",
                                  "The record of a dose skipped was taken back."}},
    [TERN_AUDIT_DOSE_MISSED] = {"DOSE_MISSED",
                                {"មានដូសថ្នាំមួយបានខកខាន។", "A dose was missed."},
                                {NULL, NULL}},
    [TERN_AUDIT_DATA_ACCESS] = {"DATA_ACCESS",
                                {"បានចូលមើលកំណត់ត្រា។", "The record was looked at."},
                                {NULL, NULL}},
    [TERN_AUDIT_NOTIFICATION_SENT] = {"NOTIFICATION_SENT",
                                      {"បានផ្ញើការជូនដំណឹង។", "An alert was sent."},
                                      {NULL, NULL}},
    [TERN_AUDIT_SUBSCRIPTION_CHANGE] = {"SUBSCRIPTION_CHANGE",
                                        {"បានផ្លាស់ប្ដូរគម្រោងជាវ។", "The subscription was changed."},
                                        {NULL, NULL}},
    [TERN_AUDIT_LATER] = {"LATER",
                          {"តម្លៃមួយត្រូវបានជំនួសដោយតម្លៃដែលសរសេរក្រោយ។",
                           "A value was replaced by one written later elsewhere."},
                          {NULL, NULL}},
    [TERN_AUDIT_RANK] = {"RANK",
                         {"ការប៉ាន់ស្មានមួយត្រូវបានជំនួសដោយអ្វីដែលមនុស្សបានកត់ត្រា។",
                          "A guess gave way to what a person recorded."},
                         {NULL, NULL}},
    [TERN_AUDIT_DEVICE] = {"DEVICE",
                           {"ក្នុងចំណោមតម្លៃពីរដែលសរសេរនៅពេលតែមួយ មានតែមួយដែលត្រូវបានរក្សាទុក។",
                            "Of two values written at one moment, one was kept."},
                           {NULL, NULL}},
    [TERN_AUDIT_OWN] = {"OWN",
                        {"តម្លៃមួយត្រូវបានជំនួសដោយអ្វីដែលទូរសព្ទដដែលបានសរសេរ។",
                         "A value gave way to what the same phone wrote with it."},
                        {NULL, NULL}},
    [TERN_AUDIT_DISCARDED] = {"DISCARDED",
                              {"ការផ្លាស់ប្ដូរដែលមិនត្រូវបានទទួលយក ត្រូវបានបោះបង់ចោល។",
                               "A change that had been refused was given up."},
                              {NULL, NULL}},
    [TERN_AUDIT_ERASED] = {"ERASED",
                           {"ការផ្លាស់ប្ដូរលើកំណត់ត្រាដែលបានលុប មិនត្រូវបានទទួលទេ។",
                            "A change of an erased record was not taken."},
                           {NULL, NULL}},
    [TERN_AUDIT_UNKNOWN] = {"UNKNOWN",
                            {"មានព្រឹត្តិការណ៍មួយដែលកម្មវិធីនេះមិនស្គាល់។",
                             "Something happened that this app does not know."},
                            {NULL, NULL}},
};

const char *tern_audit_code(tern_audit_kind kind)
{
    return (size_t)kind < KINDS ? kinds[kind].code : "UNKNOWN";
}

size_t
tern_say_audit(const tern_locale *locale, const tern_audit_entry *entry, char *buffer, size_t size)
{
    struct trn_saying saying;
    const char *text;

    if (!trn_saying_begin(&saying, locale, buffer, size) || entry == NULL ||
        (size_t)entry->kind >= KINDS) {
        return 0;
    }
    text = entry->is_undone ? kinds[entry->kind].undone[locale->language] : NULL;
    trn_say(&saying, text != NULL ? text : kinds[entry->kind].text[locale->language]);
    return trn_saying_end(&saying);
}

static tern_audit_kind kind_of(tern_value code)
{
    for (unsigned i = 0; i < TERN_AUDIT_UNKNOWN; i++) {
        if (trn_value_is(code, kinds[i].code)) {
            return (tern_audit_kind)i;
        }
    }
    return TERN_AUDIT_UNKNOWN;
}

/* The columns of the statements, in their order. */
enum {
    SET_ASIDE,
    ID,
    TIME,
    ACTOR,
    ROLE,
    CODE,
    TABLE,
    ROW,
    VALUES,
    KEPT,
    UNIT,
    LOST_US,
    KEPT_US,
    UNDONE
};

static void read_entry(tern_statement *row, tern_audit_entry *entry)
{
    bool is_set_aside = tern_statement_value(row, SET_ASIDE).integer != 0;
    tern_value values = tern_statement_value(row, VALUES);

    *entry = (tern_audit_entry){.id = trn_value_to_id(tern_statement_value(row, ID)),
                                .time_us = tern_statement_value(row, TIME).integer,
                                .kind = kind_of(tern_statement_value(row, CODE)),
                                .is_undone = tern_statement_value(row, UNDONE).integer != 0,
                                .is_set_aside = is_set_aside,
                                .actor = trn_value_to_id(tern_statement_value(row, ACTOR)),
                                .actor_role = tern_statement_value(row, ROLE),
                                .table = tern_statement_value(row, TABLE),
                                .row = trn_value_to_id(tern_statement_value(row, ROW)),
                                .details = is_set_aside ? tern_value_null() : values,
                                .unit = tern_statement_value(row, UNIT),
                                .lost = is_set_aside ? values : tern_value_null(),
                                .kept = tern_statement_value(row, KEPT),
                                .lost_us = tern_statement_value(row, LOST_US).integer,
                                .kept_us = tern_statement_value(row, KEPT_US).integer};
}

struct page {
    tern_audit_visitor visitor;
    void *context;
    uint32_t limit;
    uint32_t seen;
    tern_audit_cursor cursor;
    bool is_stopped; /* the next row, if any, only tells that there is one */
    bool more;
};

static tern_status
visit_entry(void *run, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    struct page *page = run;
    tern_audit_entry entry;

    (void)error;
    if (page->is_stopped || page->seen == page->limit) {
        page->more = !TRN_MUTANT(CARE_AUDIT_CUT);
        *ret_more = false;
        return TERN_OK;
    }
    read_entry(row, &entry);
    page->seen++;
    page->cursor = (tern_audit_cursor){.time_us = entry.time_us, .id = entry.id};
    page->is_stopped = !page->visitor(page->context, &entry);
    return TERN_OK;
}

static bool is_query(const tern_audit_query *query)
{
    return query == NULL || (query->size == sizeof(*query) && query->limit <= LIMIT_MAX);
}

static tern_status
read_page(tern_care *care, const tern_audit_query *query, struct page *page, tern_care_error *error)
{
    const tern_id *row = query != NULL ? query->row : NULL;
    const tern_id *person = query != NULL && query->person != NULL ? query->person : &care->user;
    tern_value values[4];

    if (query != NULL && query->limit != 0) {
        page->limit = query->limit;
    }
    values[0] = tern_value_id(row != NULL ? row : person);
    values[1] = tern_value_integer(page->cursor.time_us != 0 ? page->cursor.time_us : INT64_MAX);
    values[2] = tern_value_id(&page->cursor.id);
    values[3] = tern_value_integer((int64_t)page->limit + 1);
    return trn_care_each(care,
                         row != NULL ? TRN_SQL_AUDIT_OF_ROW : TRN_SQL_AUDIT,
                         values,
                         4,
                         TERN_PROBLEM_NONE,
                         visit_entry,
                         page,
                         error);
}

tern_status tern_audit_read(tern_care *care,
                            const tern_audit_query *query,
                            tern_audit_cursor *cursor,
                            tern_audit_visitor visitor,
                            void *context,
                            bool *ret_more,
                            tern_care_error *error)
{
    struct page page = {.visitor = visitor, .context = context, .limit = PAGE};
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || !is_query(query) || cursor == NULL || visitor == NULL) {
        return trn_care_misuse(error, "tern_audit_read");
    }
    page.cursor = *cursor;
    status = read_page(care, query, &page, error);
    if (status != TERN_OK) {
        return status;
    }
    *cursor = page.cursor;
    if (ret_more != NULL) {
        *ret_more = page.more;
    }
    return TERN_OK;
}
