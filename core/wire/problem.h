/* Problem documents (RFC 9457): what a status other than 200 carries. */
#ifndef TRN_WIRE_PROBLEM_H
#define TRN_WIRE_PROBLEM_H

#include "wire/answer.h"

#define TRN_PROBLEM_TYPE "application/problem+json"

struct trn_problem {
    int http_status;
    tern_status code;
    struct trn_slice detail;            /* one sentence; names no value and no token */
    const struct trn_verdict *verdicts; /* of TERN_ERR_UPGRADE_REQUIRED: what became of the push */
    size_t verdict_count;
    struct trn_slice cursor; /* likewise; as proof of what the server had given; size 0: none */
};

/* The status that the code is answered with; 500 for one that is no answer's. */
int trn_problem_http_status(tern_status code);

/* Appends the document. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_problem_write(const struct trn_problem *problem,
                                            struct trn_bytes *bytes,
                                            tern_error *error);

/* A document read: what `problem` points to is owned by it. */
struct trn_problem_document {
    struct trn_problem problem;
    void *object;
    struct trn_verdict *verdicts;
};

/* Reads a document. TERN_ERR_PROTOCOL where it is none, _TOO_DEEP, _NOT_UTF8, _TOO_LARGE, _NOMEM.
 * A code that this version does not know becomes TERN_ERR_PROTOCOL within the problem. */
TERN_MUST_USE tern_status trn_problem_read(struct trn_slice text,
                                           struct trn_problem_document *ret_document,
                                           tern_error *error);
/* All zero is accepted. */
void trn_problem_free(struct trn_problem_document *document);

#endif
