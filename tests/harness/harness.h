/**
 * The thin wrapping of cmocka that every test uses: registration, checks, fault loops, temporary
 * folders, real data.
 *
 * A test is `TEST(promise_it_keeps) { ... }`; the executable's main is here and runs every test of
 * its files. A test that fails leaves it by a long jump, so what it holds then leaks, which is fine
 * for a failure. cmocka's own assertions may be used too.
 *
 * Environment: TERN_TEST_DATA (a folder of real data; without it the tests that need it are skipped
 * and say so), TERN_TEST_FILTER (a cmocka pattern such as "*rebase*": run only these).
 *
 * TERN_TEST_SANITIZED is 1 where a sanitizer looks on, else 0. What takes long there because it
 * does the same to many may do it to fewer: the plain builds show the promise for all of them.
 */
#ifndef TERN_TEST_HARNESS_H
#define TERN_TEST_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** Defines and registers one test. */
#define TEST(name)                                                                                 \
    static void name(void);                                                                        \
    static void harness_run_##name(void **harness_state)                                           \
    {                                                                                              \
        (void)harness_state;                                                                       \
        name();                                                                                    \
    }                                                                                              \
    __attribute__((constructor)) static void harness_register_##name(void)                         \
    {                                                                                              \
        harness_register(#name, harness_run_##name);                                               \
    }                                                                                              \
    static void name(void)

/** Fails the test, naming the expression, unless it is true. */
#define CHECK(condition) harness_check((condition), #condition, __FILE__, __LINE__)

/** Fails the test, showing both, unless the two NUL-terminated texts are equal. */
#define CHECK_TEXT(actual, expected) assert_string_equal((actual), (expected))

/** Fails the test, showing both, unless the two integers are equal. */
#define CHECK_INT(actual, expected) assert_int_equal((actual), (expected))

/**
 * Runs the block once for each allocation that it makes, failing the nth one of our code, of
 * sqlite3 or of jansson, until a whole run passes without a failure injected. Checks between the
 * loop's braces run while allocations may fail; wrap what must not fail (fixtures) in
 * harness_fault_suspend and harness_fault_resume. Not for two threads.
 */
#define FOR_EACH_ALLOC_FAILURE(nth)                                                                \
    for (unsigned nth = harness_fault_begin(); harness_fault_more(nth);                            \
         nth = harness_fault_next(nth))

void harness_register(const char *name, void (*test)(void **state));
void harness_check(bool condition, const char *text, const char *file, int line);

unsigned harness_fault_begin(void);
bool harness_fault_more(unsigned nth);
/** The next one, or every TERN_FAULT_STEP-th of the environment, where all would take too long. */
unsigned harness_fault_next(unsigned nth);
/** Nothing fails until as many resumes as suspends. */
void harness_fault_suspend(void);
void harness_fault_resume(void);
/** Whether the failure of this round has been injected yet. */
bool harness_fault_injected(void);

/** The folder of real data, without a slash at its end; skips the running test if there is none.
 * Borrowed. */
const char *trn_test_data(void);

/** A new empty folder, borrowed; removed with what is in it when the test ends. At most 16 in one
 * test. */
const char *trn_test_folder(void);

/** `folder`/`name` in a static buffer of which eight are used in turn. Borrowed. */
const char *trn_test_path(const char *folder, const char *name);

#endif
