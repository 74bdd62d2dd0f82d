/* A document's reals under a locale whose decimal point is a comma. By the linker's --wrap the C
 * library is as one in such a locale, for none may be installed. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/schema/documents.h"

int __wrap_snprintf(char *text, size_t size, const char *format, ...);
int __real_vsnprintf(char *text, size_t size, const char *format, va_list arguments);
int __wrap_vsnprintf(char *text, size_t size, const char *format, va_list arguments);
double __real_strtod(const char *text, char **ret_end);
double __wrap_strtod(const char *text, char **ret_end);

static bool is_comma;

/* Whether the format is that of one real and nothing else, as in "%.17g". */
static bool is_real(const char *format)
{
    size_t digits = format[0] == '%' ? strspn(format + 1, ".0123456789") : 0;

    return format[0] == '%' &&
           (strcmp(format + 1 + digits, "g") == 0 || strcmp(format + 1 + digits, "f") == 0);
}

int __wrap_vsnprintf(char *text, size_t size, const char *format, va_list arguments)
{
    int printed = __real_vsnprintf(text, size, format, arguments);
    char *point = is_comma && is_real(format) ? strchr(text, '.') : NULL;

    if (point != NULL) {
        *point = ',';
    }
    return printed;
}

int __wrap_snprintf(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    int printed;

    va_start(arguments, format);
    printed = __wrap_vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return printed;
}

double __wrap_strtod(const char *text, char **ret_end)
{
    char copy[64];
    char *comma;

    if (!is_comma || ret_end != NULL || strlen(text) >= sizeof copy) {
        return __real_strtod(text, ret_end);
    }
    memcpy(copy, text, strlen(text) + 1);
    comma = strchr(copy, ',');
    if (comma != NULL) {
        *comma = '.';
    }
    return __real_strtod(copy, NULL);
}

static struct trn_schema *with_reals(void)
{
    return documents_notes(",{'name':'low','type':'real','min':0.5,'max':2.25,'default':0.75}"
                           ",{'name':'much','type':'real','default':-0.5}",
                           "");
}

TEST(a_database_is_made_whatever_the_locale_says_of_points)
{
    static const enum trn_dialect dialects[] = {TRN_DIALECT_REPLICA,
                                                TRN_DIALECT_SERVER_SQLITE,
                                                TRN_DIALECT_SERVER_POSTGRES};
    struct trn_schema *schema = with_reals();
    char half[8];

    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        struct trn_bytes with_point = {0};
        struct trn_bytes with_comma = {0};

        CHECK(trn_schema_ddl(schema, dialects[i], &with_point, NULL) == TERN_OK);
        is_comma = true;
        (void)snprintf(half, sizeof half, "%.1f", 0.5);
        CHECK(trn_schema_ddl(schema, dialects[i], &with_comma, NULL) == TERN_OK);
        is_comma = false;
        CHECK_TEXT(half, "0,5");
        CHECK_TEXT(trn_bytes_text(&with_comma), trn_bytes_text(&with_point));
        trn_bytes_free(&with_comma);
        trn_bytes_free(&with_point);
    }
    trn_schema_free(schema);
}

TEST(reals_keep_their_limits_and_defaults_under_a_comma)
{
    struct trn_schema *schema;
    sqlite3 *db;

    is_comma = true;
    schema = with_reals();
    db = documents_replica(schema);
    is_comma = false;
    documents_run(db, "INSERT INTO notes (id, owner_id) VALUES (randomblob(16), randomblob(16))");
    CHECK_INT(documents_number(db, "SELECT low = 0.75 AND much = -0.5 FROM notes"), 1);
    CHECK(sqlite3_exec(db, "UPDATE notes SET low = 0.25", NULL, NULL, NULL) == SQLITE_CONSTRAINT);
    CHECK(sqlite3_exec(db, "UPDATE notes SET low = 2.5", NULL, NULL, NULL) == SQLITE_CONSTRAINT);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}
