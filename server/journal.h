/* The log: one JSON object a line on standard error. No token, no row, no name of a person. */
#ifndef TRN_SERVER_JOURNAL_H
#define TRN_SERVER_JOURNAL_H

#include "server/settings.h"

/* Lines above this level are left out. */
void trn_journal_set_level(enum trn_log_level level);

/* A line about the server itself; `text` and `number` may be NULL names. */
void trn_journal_note(enum trn_log_level level,
                      const char *event,
                      const char *text_name,
                      const char *text,
                      const char *number_name,
                      int64_t number);

struct trn_journal_request {
    const char *method;
    const char *path; /* of the routes only; others are "other" */
    unsigned status;
    const char *code;  /* NULL: none */
    const char *cause; /* of the server's own trouble; "": none */
    int64_t duration_us;
    size_t bytes_in;
    size_t bytes_out;
    size_t applied;
    size_t rejected;
    size_t rows;
};

void trn_journal_request(const struct trn_journal_request *request);

#endif
