/* The tables of tables.h. */
#include "tests/unit/model/tables.h"

#define COLUMN(text, kind, in_unit)                                                                \
    .name = (text), .server_name = (text), .type = (kind), .unit = (in_unit),                      \
    .target = TRN_NO_TABLE, .nullable = true, .since = 1

static const char *const outcomes[] =
    {"DUE", "TAKEN_ON_TIME", "TAKEN_LATE", "MISSED", "SKIPPED", "POSTPONED"};
static const char *const outcome_fallbacks[] = {NULL, NULL, NULL, NULL, NULL, "DUE"};
static const char *const inferred_outcomes[] = {"DUE", "MISSED"};
static const uint32_t outcome_sinces[] = {1, 1, 1, 1, 1, 2};
static const struct trn_enum enums[] = {
    {"Outcome", outcomes, outcome_fallbacks, 6, outcome_sinces}};

static const struct trn_column dose_columns[DOSE_COLUMNS] = {
    {COLUMN("created_at", TRN_TYPE_TIMESTAMPTZ, DOSE_UNIT_EXISTENCE), .immutable = true},
    {COLUMN("patient_id", TRN_TYPE_UUID, DOSE_UNIT_SCHEDULE), .immutable = true},
    {COLUMN("slot", TRN_TYPE_TEXT, DOSE_UNIT_SCHEDULE)},
    {COLUMN("is_prn", TRN_TYPE_BOOL, DOSE_UNIT_SCHEDULE)},
    {COLUMN("scheduled_time", TRN_TYPE_TIMESTAMPTZ, DOSE_UNIT_SCHEDULE)},
    {COLUMN("status", TRN_TYPE_ENUM, DOSE_UNIT_OUTCOME),
     .enumeration = &enums[0],
     .has_default = true,
     .default_value = {.kind = TERN_TEXT, .data = "DUE", .size = 3}},
    {COLUMN("taken_at", TRN_TYPE_TIMESTAMPTZ, DOSE_UNIT_OUTCOME)},
    {COLUMN("skip_reason", TRN_TYPE_TEXT, DOSE_UNIT_OUTCOME), .length_max = 1000},
};

static const uint16_t dose_schedule[] = {DOSE_PATIENT_ID,
                                         DOSE_SLOT,
                                         DOSE_IS_PRN,
                                         DOSE_SCHEDULED_TIME};
static const uint16_t dose_outcome[] = {DOSE_STATUS, DOSE_TAKEN_AT, DOSE_SKIP_REASON};

static const struct trn_unit dose_units[DOSE_UNITS] = {
    {.name = "existence", .recorded_if_column = TRN_NO_COLUMN, .rank_column = TRN_NO_COLUMN},
    {.name = "schedule",
     .columns = dose_schedule,
     .column_count = 4,
     .rank_rule = TRN_RANK_INFERRED,
     .rank_column = TRN_NO_COLUMN,
     .recorded_if_column = DOSE_IS_PRN},
    {.name = "outcome",
     .columns = dose_outcome,
     .column_count = 3,
     .rank_rule = TRN_RANK_BY_VALUE,
     .rank_column = DOSE_STATUS,
     .inferred_values = inferred_outcomes,
     .inferred_value_count = 2,
     .recorded_if_column = TRN_NO_COLUMN},
};

static const struct trn_column kind_columns[KIND_COLUMNS] = {
    {COLUMN("created_at", TRN_TYPE_TIMESTAMPTZ, KIND_UNIT_EXISTENCE), .immutable = true},
    {COLUMN("a_uuid", TRN_TYPE_UUID, KIND_UNIT_ALL)},
    {COLUMN("a_text", TRN_TYPE_TEXT, KIND_UNIT_ALL)},
    {COLUMN("an_integer", TRN_TYPE_INTEGER, KIND_UNIT_ALL)},
    {COLUMN("a_bigint", TRN_TYPE_BIGINT, KIND_UNIT_ALL)},
    {COLUMN("a_real", TRN_TYPE_REAL, KIND_UNIT_ALL)},
    {COLUMN("a_decimal", TRN_TYPE_DECIMAL, KIND_UNIT_ALL), .precision = 10, .scale = 2},
    {COLUMN("a_bool", TRN_TYPE_BOOL, KIND_UNIT_ALL)},
    {COLUMN("a_date", TRN_TYPE_DATE, KIND_UNIT_ALL)},
    {COLUMN("a_timestamptz", TRN_TYPE_TIMESTAMPTZ, KIND_UNIT_ALL)},
    {COLUMN("an_enum", TRN_TYPE_ENUM, KIND_UNIT_ALL), .enumeration = &enums[0]},
    {COLUMN("a_json", TRN_TYPE_JSON, KIND_UNIT_ALL)},
    {COLUMN("some_bytes", TRN_TYPE_BYTES, KIND_UNIT_ALL)},
    {.name = "added",
     .server_name = "added",
     .type = TRN_TYPE_TEXT,
     .unit = KIND_UNIT_ADDED,
     .target = TRN_NO_TABLE,
     .nullable = true,
     .has_default = true,
     .default_value = {.kind = TERN_TEXT, .data = "none", .size = 4},
     .since = 2},
};

static const uint16_t kind_all[] = {KIND_UUID,
                                    KIND_TEXT,
                                    KIND_INTEGER,
                                    KIND_BIGINT,
                                    KIND_REAL,
                                    KIND_DECIMAL,
                                    KIND_BOOL,
                                    KIND_DATE,
                                    KIND_TIMESTAMPTZ,
                                    KIND_ENUM,
                                    KIND_JSON,
                                    KIND_BYTES};
static const uint16_t kind_added[] = {KIND_ADDED};

static const struct trn_unit kind_units[KIND_UNITS] = {
    {.name = "existence", .recorded_if_column = TRN_NO_COLUMN, .rank_column = TRN_NO_COLUMN},
    {.name = "all",
     .columns = kind_all,
     .column_count = 12,
     .rank_column = TRN_NO_COLUMN,
     .recorded_if_column = TRN_NO_COLUMN},
    {.name = "added",
     .columns = kind_added,
     .column_count = 1,
     .rank_column = TRN_NO_COLUMN,
     .recorded_if_column = TRN_NO_COLUMN},
};

static const struct trn_column note_columns[NOTE_COLUMNS] = {
    {COLUMN("created_at", TRN_TYPE_TIMESTAMPTZ, NOTE_UNIT_EXISTENCE), .immutable = true},
    {COLUMN("note", TRN_TYPE_TEXT, NOTE_UNIT_ALL)},
};

static const uint16_t note_all[] = {NOTE_TEXT};

static const struct trn_unit note_units[NOTE_UNITS] = {
    {.name = "existence", .recorded_if_column = TRN_NO_COLUMN, .rank_column = TRN_NO_COLUMN},
    {.name = "all",
     .columns = note_all,
     .column_count = 1,
     .rank_column = TRN_NO_COLUMN,
     .recorded_if_column = TRN_NO_COLUMN},
};

#define TABLE(text, at, described, columns_known, units_described, units_known, version)           \
    {                                                                                              \
        .name = (text), .server_name = (text), .index = (at), .columns = (described),              \
        .column_count = (columns_known), .units = (units_described), .unit_count = (units_known),  \
        .window_column = TRN_NO_COLUMN, .since = (version)                                         \
    }
#define DOSES TABLE("doses", TABLES_DOSES, dose_columns, DOSE_COLUMNS, dose_units, DOSE_UNITS, 1)
#define KINDS(columns_known, units_known)                                                          \
    TABLE("kinds", TABLES_KINDS, kind_columns, columns_known, kind_units, units_known, 1)
#define NOTES(text, at, version)                                                                   \
    TABLE(text, at, note_columns, NOTE_COLUMNS, note_units, NOTE_UNITS, version)

static const struct trn_table tables_1[] = {DOSES,
                                            KINDS(KIND_ADDED, KIND_UNIT_ADDED),
                                            NOTES("sync_audit", TABLES_1_AUDIT, 1)};
static const struct trn_table tables_2[TABLES_COUNT] = {DOSES,
                                                        KINDS(KIND_COLUMNS, KIND_UNITS),
                                                        NOTES("later", TABLES_LATER, 2),
                                                        NOTES("sync_audit", TABLES_AUDIT, 1)};

#define SCHEMA(number, described, count)                                                           \
    {                                                                                              \
        .name = "test", .version = (number), .minimum_version = 1, .tables = (described),          \
        .table_count = (count), .enums = enums, .enum_count = 1, .users_table = TRN_NO_TABLE,      \
        .role_column = TRN_NO_COLUMN                                                               \
    }

static const struct trn_schema schema_1 = SCHEMA(1, tables_1, TABLES_1_AUDIT + 1);
static const struct trn_schema schema_2 = SCHEMA(2, tables_2, TABLES_COUNT);

const struct trn_schema *tables_schema(void)
{
    return &schema_2;
}

const struct trn_schema *tables_schema_1(void)
{
    return &schema_1;
}
