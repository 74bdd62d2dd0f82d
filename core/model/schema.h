/*
 * The description that engine and server run on: what a schema document says, in the order that the
 * wire uses.
 *
 * Built once by core/schema, immutable afterwards, and shared by any number of threads. Table and
 * column indexes are those of the document; tables and columns are only ever appended by later
 * versions. `columns` holds the synced columns alone, in wire order, the first being created_at;
 * id, updated_at, deleted_at and tern_v are implied, and server-only columns live apart. The last
 * table is always sync_audit.
 */
#ifndef TRN_MODEL_SCHEMA_H
#define TRN_MODEL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tern/value.h"

/* Existence is unit 0 of every table; at most so many units in all. */
#define TRN_UNITS_MAX 16
#define TRN_UNIT_EXISTENCE 0
#define TRN_NO_COLUMN UINT16_MAX
#define TRN_NO_TABLE UINT16_MAX

enum trn_type {
    TRN_TYPE_UUID,
    TRN_TYPE_TEXT,
    TRN_TYPE_INTEGER, /* 32 bits */
    TRN_TYPE_BIGINT,
    TRN_TYPE_REAL,
    TRN_TYPE_DECIMAL, /* text, canonical: optional '-', digits, '.', `scale` digits */
    TRN_TYPE_BOOL,
    TRN_TYPE_DATE,        /* text YYYY-MM-DD */
    TRN_TYPE_TIMESTAMPTZ, /* microseconds since 1970, UTC */
    TRN_TYPE_ENUM,
    TRN_TYPE_JSON, /* text, kept byte for byte */
    TRN_TYPE_BYTES
};

/* The closed list of format checks. */
enum trn_format {
    TRN_FORMAT_NONE,
    TRN_FORMAT_EMAIL,
    TRN_FORMAT_USERNAME,
    TRN_FORMAT_PHONE,
    TRN_FORMAT_URL,
    TRN_FORMAT_TIME_OF_DAY, /* HH:MM or HH:MM:SS */
    TRN_FORMAT_TIME_ZONE,   /* shape of an IANA name */
    TRN_FORMAT_IP_ADDRESS,
    TRN_FORMAT_LANGUAGE_TAG
};

/* What erasing the row that a foreign key names does to the row that holds it. */
enum trn_delete_action { TRN_DELETE_RESTRICT, TRN_DELETE_CASCADE, TRN_DELETE_SET_NULL };

enum trn_rank_rule {
    TRN_RANK_RECORDED, /* as the tx says */
    TRN_RANK_INFERRED, /* always inferred, whoever wrote it */
    TRN_RANK_BY_VALUE  /* inferred where rank_column holds one of inferred_values */
};

struct trn_enum {
    const char *name;
    const char *const *values;
    const char *const *fallbacks; /* per value: what older versions read instead, or NULL */
    size_t value_count;
    const uint32_t *sinces; /* per value: the schema version that brought it; NULL: unknown, and
                               every older version gets the fallback */
};

struct trn_column {
    const char *name;        /* in the replica: snake_case */
    const char *server_name; /* in the server's own database */
    enum trn_type type;
    const struct trn_enum *enumeration; /* for TRN_TYPE_ENUM */
    enum trn_format format;
    uint32_t length_max; /* text: characters; bytes: bytes; 0: none */
    uint32_t length_min;
    uint8_t precision; /* decimal */
    uint8_t scale;
    bool has_min;
    bool has_max;
    double min;
    double max;
    bool has_default;
    tern_value default_value;
    bool nullable;
    bool sensitive;
    bool immutable;  /* created_at, columns of the natural key and of scope paths, and
                        what the document says */
    uint16_t unit;   /* index into the table's units. In TRN_UNIT_EXISTENCE are created_at and the
                        immutable columns that the document puts in no unit: an insert sets them,
                        nothing merges or sends them afterwards */
    uint16_t target; /* table that it references, or TRN_NO_TABLE */
    bool may_leave;  /* the reference may leave the scope: the server alone enforces it */
    uint32_t since;  /* schema version that brought it */
    enum trn_delete_action on_delete; /* of `target` */
    const char *const *words;         /* texts that it takes beside those of `format` */
    size_t word_count;
    bool is_arrival; /* of server_columns: set to the time at which the server took the row */
};

struct trn_unit {
    const char *name;
    const uint16_t *columns; /* ascending; empty for existence */
    size_t column_count;
    enum trn_rank_rule rank_rule;
    uint16_t rank_column;
    const char *const *inferred_values;
    size_t inferred_value_count;
    /* A change that holds this value here is as the tx says, whatever the rule. A column of another
     * unit counts in an insert alone, since an update does not carry it (a PRN dose is inserted as
     * taken: its schedule is a person's act). TRN_NO_COLUMN: no such exception. */
    uint16_t recorded_if_column;
    const char *recorded_if_value;
};

/* How a row finds one of its scopes: follow `hops` from column to table; the last column holds the
 * scope's id. */
#define TRN_SCOPE_HOPS_MAX 4
struct trn_scope_path {
    uint16_t columns[TRN_SCOPE_HOPS_MAX]; /* columns[0] of the table itself, columns[i] of the table
                                             that columns[i-1] references */
    uint16_t tables[TRN_SCOPE_HOPS_MAX];  /* table holding columns[i] */
    size_t hop_count;                     /* 0: the row's own id is the scope (users) */
};

struct trn_unique {
    const char *name;
    const uint16_t *columns;
    size_t column_count;
};

struct trn_index {
    const char *name;
    const uint16_t *columns;
    size_t column_count;
    bool live_only;         /* only rows that are not deleted */
    uint16_t where_column;  /* only rows with `where_value` here, or TRN_NO_COLUMN */
    tern_value where_value; /* the null value: IS NULL */
};

enum trn_check_kind {
    TRN_CHECK_COMPARE, /* left `comparison` right, or either is null */
    TRN_CHECK_REQUIRE  /* left is not null where right holds `value` */
};
enum trn_comparison { TRN_LESS, TRN_LESS_EQUAL, TRN_NOT_EQUAL };

/* A check over two columns of one unit. */
struct trn_check {
    const char *name;
    enum trn_check_kind kind;
    uint16_t left;
    uint16_t right;
    enum trn_comparison comparison;
    tern_value value;
};

/* A query over live rows that an index must cover. */
struct trn_query {
    const char *name;
    const uint16_t *equal; /* columns compared with = */
    size_t equal_count;
    uint16_t range; /* column compared with a range, or TRN_NO_COLUMN */
    const uint16_t *order;
    size_t order_count;
};

/* Who may write the rows of their own record. */
enum trn_write_rule {
    TRN_WRITE_OWNER,       /* the scope's user, and whom a grant lets */
    TRN_WRITE_INSERT_ONLY, /* as owner, but never update or delete */
    TRN_WRITE_SERVER       /* operator and server alone */
};

struct trn_table {
    const char *name;
    const char *server_name;
    uint16_t index;
    const struct trn_column *columns;
    size_t column_count;
    const struct trn_unit *units;
    size_t unit_count;
    const uint16_t *natural_key; /* columns the id derives from, in key order; empty: minted */
    size_t natural_key_count;
    bool natural_key_is_partial; /* derived only where all its columns are set (notifications made
                                    by rule), else minted */
    bool mint_v4;                /* minted ids are v4 rather than v7 */
    bool append_only;
    bool server_owned_units[TRN_UNITS_MAX]; /* units that operator and server alone may write
                                               (users: account) */
    enum trn_write_rule write_rule;
    bool any_scope_writes; /* who may write one of a row's scopes may write the row; else it takes
                              the first */
    const struct trn_scope_path *scopes;
    size_t scope_count;
    const struct trn_unique *uniques;
    size_t unique_count;
    uint16_t
        window_column; /* date or timestamptz by which rows leave the replica, or TRN_NO_COLUMN */
    uint32_t window_days;
    uint32_t since;
    tern_id natural_space; /* namespace of its derived ids; nil: not worked out yet */
    const struct trn_index *indexes;
    size_t index_count;
    const struct trn_check *checks;
    size_t check_count;
    const struct trn_query *queries;
    size_t query_count;
    const struct trn_column *server_columns; /* in the server's table alone, never on the wire */
    size_t server_column_count;
    uint32_t retention_days; /* after which the server may erase a row; 0: never */
};

/* A row of `table` in the state `when` opens the record of one of its two people to the other. */
struct trn_grant_condition {
    uint16_t column;
    const char *value;
};
struct trn_grant_holder {
    const char *role; /* value of the role column of the holder's users row */
    const uint16_t *writes;
    size_t write_count; /* tables it may write; reading covers all */
};
struct trn_grant {
    uint16_t table;
    uint16_t person_a; /* columns holding the two user ids */
    uint16_t person_b;
    const struct trn_grant_condition *when; /* all must hold */
    size_t when_count;
    const char *subject_role; /* role of the one whose record opens */
    const struct trn_grant_holder *holders;
    size_t holder_count;
    uint16_t
        offer_by; /* person_a or person_b: who has offered, while all of `offer` holds, that the
                     other may bring the row into the state `when`; TRN_NO_COLUMN: nobody */
    const struct trn_grant_condition *offer;
    size_t offer_count;
};

struct trn_schema {
    const char *name;
    uint32_t version;
    uint32_t minimum_version; /* older clients may push but not pull */
    const struct trn_table *tables;
    size_t table_count;
    const struct trn_enum *enums;
    size_t enum_count;
    uint16_t users_table; /* whose ids are users and scopes */
    uint16_t role_column;
    const struct trn_grant *grants;
    size_t grant_count;
    const struct trn_table *server_tables; /* never in a replica nor on the wire */
    size_t server_table_count;
    bool camel_case;      /* the server's names are the replica's in camelCase */
    const char *document; /* the JSON text it was read from, NUL-terminated */
    size_t document_size;
};

/* NULL if there is none of that name. */
const struct trn_table *trn_schema_table(const struct trn_schema *schema, const char *name);
/* TRN_NO_COLUMN if there is none of that name; the implied columns have no index. */
uint16_t trn_table_column(const struct trn_table *table, const char *name);
/* Index of the unit of that name, or TRN_UNITS_MAX. */
size_t trn_table_unit(const struct trn_table *table, const char *name);

#endif
