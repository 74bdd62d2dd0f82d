/* What the text of a statement says, read word by word: strings and comments are passed over. */
#ifndef TRN_STORE_WORDS_H
#define TRN_STORE_WORDS_H

#include <stdbool.h>

#include "base/bytes.h"

/* Whether the text asks for REPLACE, OR FAIL or OR ROLLBACK, or raises FAIL or ROLLBACK. */
bool trn_words_conflict(struct trn_slice sql);
/* Whether a CREATE TABLE declares ON CONFLICT FAIL. */
bool trn_words_keep_half(struct trn_slice sql);
/* Whether a CREATE or ALTER TABLE references, or takes, a name that `is_taken`. */
bool trn_words_name(struct trn_slice sql,
                    bool (*is_taken)(const void *context, struct trn_slice name),
                    const void *context);
/* Whether the text is CREATE TABLE IF NOT EXISTS, and of which table of the file, quotes left out.
 */
bool trn_words_if_not_exists(struct trn_slice sql, struct trn_slice *ret_name);
/* Appends the CREATE TRIGGER with a condition that lets it run for the app's statements alone: not
 * when rows are stamped, and not when a sync writes them. */
tern_status trn_words_limit_trigger(struct trn_slice sql, struct trn_bytes *limited);
/* Whether nothing but spaces, comments and semicolons is left. */
bool trn_words_are_none(struct trn_slice sql);
/* Whether `word` may be of a value: it stands in a literal of the text and is no name beside it. */
bool trn_words_may_tell(struct trn_slice sql, struct trn_slice word);
/* What words of SQL are made of. */
bool trn_words_have(char c);

#endif
