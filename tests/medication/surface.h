/* Public calls given what nobody should give them: noted by name, and looked at when they refused.
 */
#ifndef TERN_TEST_MEDICATION_SURFACE_H
#define TERN_TEST_MEDICATION_SURFACE_H

#include <string.h>

#include "tern/medication/message.h"
#include "tests/medication/fixture.h"

enum { SURFACE_LONG = 10001, SURFACE_NO_DATES = 9, SURFACE_NO_MOMENTS = 3 };

/* What the record of a patient has, and what it has not. */
struct given {
    char too_long[SURFACE_LONG + 1];
    tern_id nobody;
    tern_id active; /* prescriptions */
    tern_id draft;
    tern_id ended;
    tern_id taken; /* doses of the active one, and its medications */
    tern_id due;
    tern_id medication;
    tern_id prn;
    uint64_t dump; /* of the file */
};

extern struct given given;
extern const char *const surface_no_dates[SURFACE_NO_DATES];
extern const int64_t surface_no_moments[SURFACE_NO_MOMENTS];

/* Ended by care_end. */
void surface_begin(void);
/* What can be prescribed, of these two medicines, which are made anew. */
extern tern_medicine surface_medicines[2];
tern_prescription surface_form(void);

/* A function is tried. */
void surface_note(const char *function);
/* All rows of all tables of the file, as a number. */
uint64_t surface_dump(void);
/* Fails the test unless the call failed so, in words, and the file is as it was. */
void surface_refuse(const char *function,
                    const char *what,
                    tern_status status,
                    tern_status wanted,
                    tern_problem problem,
                    const tern_care_error *error);
/* Fails the test unless each function of the headers was tried. */
void surface_check_headers(void);

/* Calls about these, in a file of their own. */
void surface_try_doses(void);
void surface_try_prescriptions(void);
void surface_try_medications(void);

/* The macros take the caller's `error`, and of words its `words`. */

/* A call that fails by a status and a problem. */
#define BAD(function, wanted, problem, arguments)                                                  \
    (memset(&error, 0xa5, sizeof(error)),                                                          \
     surface_refuse(#function,                                                                     \
                    #function #arguments,                                                          \
                    function arguments,                                                            \
                    TERN_ERR_##wanted,                                                             \
                    TERN_PROBLEM_##problem,                                                        \
                    &error))

/* One that has nothing to tell of nobody. */
#define NOTHING(function, arguments)                                                               \
    (surface_note(#function),                                                                      \
     CHECK_INT(function arguments, TERN_OK),                                                       \
     CHECK(surface_dump() == given.dump))

/* One that knows no patient, and so no words. */
#define FAILS(function, wanted, arguments)                                                         \
    (surface_note(#function), CHECK_INT(function arguments, TERN_ERR_##wanted))

/* One that tells nothing. */
#define EMPTY(function, arguments)                                                                 \
    (surface_note(#function),                                                                      \
     memset(words, 'x', sizeof(words)),                                                            \
     CHECK_INT(function arguments, 0),                                                             \
     CHECK_TEXT(words, ""))

#endif
