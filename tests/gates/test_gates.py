"""Each gate is seen failing: a violation is planted in a copy of the tree, and the gate must name it."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

import gatelib  # noqa: E402


@functools.cache
def copy():
    """A folder with all that is in the tree now, made once."""
    folder = tempfile.mkdtemp(prefix="tern-gates-")
    atexit.register(shutil.rmtree, folder)
    for path in gatelib.files(ROOT):
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.join(ROOT, path), target)
    return folder


class Gate(unittest.TestCase):
    """A copy of the tree, in which a test may plant what it likes: links, so a file that changes is written anew."""

    def setUp(self):
        self.root = os.path.join(tempfile.mkdtemp(prefix="tern-gates-"), "tree")
        self.addCleanup(shutil.rmtree, os.path.dirname(self.root))
        shutil.copytree(copy(), self.root, copy_function=os.link)

    def path(self, path):
        return os.path.join(self.root, path)

    def write(self, path, text):
        path = self.path(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        mode = None
        if os.path.exists(path):
            mode = os.stat(path).st_mode
            os.remove(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        if mode is not None:
            os.chmod(path, mode)

    def append(self, path, text):
        self.write(path, gatelib.read(self.root, path) + text)

    def replace(self, path, old, new):
        text = gatelib.read(self.root, path)
        self.assertIn(old, text)
        self.write(path, text.replace(old, new, 1))

    def run_gate(self, gate, *more):
        run = subprocess.run([os.path.join(ROOT, "scripts", "check-" + gate), "--root", self.root, *more],
                             capture_output=True, text=True)
        return run.returncode, run.stdout + run.stderr

    def assert_passes(self, gate, *more):
        status, said = self.run_gate(gate, *more)
        self.assertEqual(status, 0, said)

    def assert_fails(self, reason, gate, *more):
        status, said = self.run_gate(gate, *more)
        self.assertNotEqual(status, 0, said)
        self.assertIn(reason, said)


class Promises(Gate):
    def test_the_tree_as_it_is_passes(self):
        self.assert_passes("promises")

    def test_a_test_that_is_gone_is_missed(self):
        self.replace("tests/sim/promises_lives.c", "TEST(promise_5_", "TEST(promise_fifth_")
        self.assert_fails("Monotone: there is no test promise_5_", "promises")
        self.replace("tests/sim/promises_lives.c", "TEST(promise_fifth_", "TEST(promise_5_")
        os.remove(self.path("tests/conformance/token-of-another-user.json"))
        self.assert_fails("Whose token: there is no test token-of-another-user", "promises")

    def test_a_promise_needs_a_row_and_a_row_a_promise(self):
        self.replace("docs/SYNC.md", "## Durability\n", "## Durability\n\n- **Speed.** It is fast.\n")
        self.assert_fails("no test is named for: Speed", "promises")
        self.replace("docs/SYNC.md", "- **Speed.** It is fast.\n", "")
        self.append("docs/SYNC.md", "| Speed | `test_a_test_that_is_gone_is_missed` |\n")
        self.assert_fails("promise more", "promises")

    def test_a_promise_without_a_test_is_told(self):
        self.append("docs/SYNC.md", "| Durability | |\n")
        self.assert_fails("Durability: no test is named", "promises")


class Torture(Gate):
    def test_the_tree_as_it_is_passes(self):
        self.assert_passes("torture")

    def test_a_new_public_call_has_to_be_tried_or_a_reason_said(self):
        self.append("include/tern/row.h", "TERN_API TERN_MUST_USE tern_status tern_row_forget(tern_tx *tx);\n")
        self.assert_fails("tern_row_forget is neither tried nor is it said why not", "torture")
        self.replace("sim/torture/calls.json", '"tern_row_insert"', '"tern_row_forget"')
        self.assert_fails("tern_row_forget is called by nothing in sim", "torture")

    def test_an_operation_that_is_gone_is_missed(self):
        self.replace("sim/torture/operations.json", '"name": "retake"', '"name": "taken"')
        self.assert_fails("tern_prescription_retake: there is no operation retake", "torture")


class Mutants(Gate):
    def test_the_tree_as_it_is_passes(self):
        self.assert_passes("mutants")

    def test_a_source_whose_bugs_no_program_has_is_told(self):
        self.replace("sim/CMakeLists.txt", "    server/push.c\n", "")
        self.assert_fails("server/push.c: its planted bugs are compiled into no program", "mutants")

    def test_a_bug_that_is_planted_nowhere_is_told(self):
        self.replace("server/push.c", "TRN_MUTANT(TX_HALF_APPLIED)", "false")
        self.assert_fails("TX_HALF_APPLIED is planted nowhere", "mutants")

    def test_a_bug_that_nobody_looks_for_is_told(self):
        self.replace("core/base/mutant.h", "X(TX_HALF_APPLIED, 1,", "X(TX_HALF_APPLIED, 0,")
        self.assert_fails("no life or history looks for TX_HALF_APPLIED", "mutants")

    def test_a_bug_that_only_a_history_finds_has_to_be_hunted_by_it(self):
        self.replace("sim/CMakeLists.txt", "found_by_file(PROOF_FORGOTTEN ", "# (PROOF_FORGOTTEN ")
        self.assert_fails("no life or history looks for PROOF_FORGOTTEN", "mutants")


class Layers(Gate):
    def test_the_tree_as_it_is_passes(self):
        self.assert_passes("layers")

    def test_a_lower_layer_may_not_include_a_higher_one(self):
        self.append("core/base/memory.c", '#include "model/schema.h"\n')
        self.assert_fails("core/base may not include model/schema.h", "layers")

    def test_siblings_may_not_include_each_other(self):
        self.write("core/merge/seeded.c", '#include "store/store.h"\n')
        self.assert_fails("core/merge may not include store/store.h", "layers")
        self.write("core/merge/seeded.c", "")
        self.write("core/store/seeded.c", '#include "wire/reader.h"\n')
        self.assert_fails("core/store may not include wire/reader.h", "layers")
        self.write("core/store/seeded.c", "")
        self.write("core/wire/seeded.c", '#include "merge/merge.h"\n')
        self.assert_fails("core/wire may not include merge/merge.h", "layers")

    def test_only_the_store_may_use_sqlite(self):
        self.write("core/engine/seeded.c", "#include <sqlite3.h>\n")
        self.assert_fails("sqlite3.h may be included by", "layers")

    def test_the_servers_storage_contract_is_not_shaped_by_sqlite(self):
        self.write("server/db.h", "#include <sqlite3.h>\n")
        self.assert_fails("sqlite3.h may be included by", "layers")

    def test_the_core_touches_no_clock_socket_or_heap_of_its_own(self):
        self.write("core/model/seeded.c", "#include <time.h>\n")
        self.assert_fails("core may not include <time.h>", "layers")
        self.write("core/model/seeded.c", "void *f(void)\n{\n    return malloc(1);\n}\n")
        self.assert_fails("core/model/seeded.c:3: portable code may not call malloc", "layers")

    def test_words_in_comments_and_texts_are_no_calls(self):
        self.write("core/model/seeded.c", '/* malloc(1) */\nconst char *t = "free(it)"; // time()\n')
        self.assertNotIn("seeded.c", self.run_gate("layers")[1])

    def test_a_command_knows_the_public_headers_only(self):
        self.write("cli/seeded.c", '#include "store/store.h"\n')
        self.assert_fails("cli may not include store/store.h", "layers")

    def test_platforms_do_not_know_each_other(self):
        self.write("platform/curl/seeded.c", '#include "platform/posix/clock.h"\n')
        self.assert_fails("platform/curl may not include platform/posix/clock.h", "layers")

    def test_paths_are_written_from_a_root(self):
        self.write("core/base/seeded.c", '#include "bytes.h"\n')
        self.assert_fails("is not written from a root", "layers")
        self.write("core/base/seeded.c", '#include "../model/schema.h"\n')
        self.assert_fails("is not written from a root", "layers")

    def test_a_folder_that_the_table_does_not_know_fails(self):
        self.write("core/newlayer/seeded.c", "")
        self.assert_fails("its folder is not in the table", "layers")

    def test_a_tree_without_sources_proves_nothing(self):
        with tempfile.TemporaryDirectory() as self.root:
            self.assert_fails("no file to look at", "layers")


class Memory(Gate):
    HEADER = """
TERN_API TERN_MUST_USE tern_status tern_seeded_call(int number,
                                                    tern_error *error);
"""
    LOOP = """
static void seeded(void)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        %s
    }
}
"""

    def setUp(self):
        super().setUp()
        self.append("include/tern/row.h", self.HEADER)

    def plant(self, text):
        self.write("tests/unit/api/test_seeded.c", text)

    def assert_missed(self, text):
        self.plant(text)
        self.assert_fails("tern_seeded_call is in no fault loop", "memory")

    def test_a_function_that_no_fault_loop_calls_fails(self):
        self.assert_missed("")

    def test_a_call_outside_the_loop_is_none(self):
        self.assert_missed(self.LOOP % "other();" + "static void apart(void)\n{\n    (void)tern_seeded_call(1, NULL);\n}\n")

    def test_a_call_while_nothing_fails_is_none(self):
        call = "harness_fault_suspend(); (void)tern_seeded_call(1, NULL); harness_fault_resume();"
        self.assert_missed(self.LOOP % call)

    def test_a_call_in_words_is_none(self):
        self.assert_missed(self.LOOP % '/* tern_seeded_call(1, NULL); */ say("tern_seeded_call(1)");')

    def test_a_call_in_the_loop_passes_and_so_does_one_of_a_function_called_there(self):
        self.plant(self.LOOP % "(void)tern_seeded_call(1, NULL);")
        self.assert_passes("memory")
        self.plant("static void help(int n)\n{\n    (void)tern_seeded_call(n, NULL);\n}\n" + self.LOOP % "help(1);")
        self.assert_passes("memory")

    def test_a_tree_without_headers_proves_nothing(self):
        with tempfile.TemporaryDirectory() as self.root:
            self.assert_fails("", "memory")


class Skips(unittest.TestCase):
    LOG = "Start testing: now\n1/2 Testing: unit_one\n1/2 Test: unit_one\nOutput:\n%s\n<end of output>\n"

    def run_on(self, said, **environment):
        clean = {name: value for name, value in os.environ.items() if name not in ("TERN_TEST_DATA", "SANITIZED")}
        with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
            file.write(self.LOG % said)
            file.flush()
            run = subprocess.run([os.path.join(ROOT, "scripts", "check-skips"), file.name], capture_output=True,
                                 text=True, env={**clean, **environment})
        return run.returncode, run.stdout + run.stderr

    def assert_taken(self, said, **environment):
        self.assertEqual(self.run_on(said, **environment)[0], 0, self.run_on(said, **environment)[1])

    def assert_refused(self, reason, said, **environment):
        status, told = self.run_on(said, **environment)
        self.assertNotEqual(status, 0, told)
        self.assertIn(reason, told)

    def test_a_run_that_skipped_nothing_passes(self):
        self.assert_taken("[       OK ] it_holds")

    def test_what_deps_installs_may_not_be_missing(self):
        said = "skipped: PostgreSQL is not installed\n[  SKIPPED ] postgresql_takes_it"
        self.assert_refused("PostgreSQL is not installed", said)

    def test_real_data_may_be_missing_unless_it_was_named(self):
        said = "skipped: TERN_TEST_DATA names no folder of real data\n[  SKIPPED ] real"
        self.assert_taken(said)
        self.assert_refused("TERN_TEST_DATA", said, TERN_TEST_DATA="/nonexistent")

    def test_the_heap_may_go_uncounted_under_a_sanitizer_alone(self):
        said = "skipped: this allocator does not count\n[  SKIPPED ] heap"
        self.assert_taken(said, SANITIZED="1")
        self.assert_refused("does not count", said)

    def test_a_skip_without_a_reason_fails(self):
        self.assert_refused("unit_one skipped a test", "[  SKIPPED ] silently")
        self.assert_refused("unit_one skipped a test", "OK (skipped=2)")

    def test_a_log_without_tests_proves_nothing(self):
        with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
            run = subprocess.run([os.path.join(ROOT, "scripts", "check-skips"), file.name], capture_output=True)
        self.assertNotEqual(run.returncode, 0)


class Format(Gate):
    def test_the_tree_as_it_is_passes(self):
        self.assert_passes("format")

    def test_another_layout_fails(self):
        self.append("core/base/memory.c", "int  seeded( void ){return 0;}\n")
        self.assert_fails("core/base/memory.c", "format")

    def test_a_tree_without_sources_proves_nothing(self):
        with tempfile.TemporaryDirectory() as self.root:
            self.assert_fails("no file to look at", "format")


class Wording(Gate):
    def test_the_tree_as_it_is_passes(self):
        self.assert_passes("wording")

    def test_a_path_of_one_machine_fails(self):
        self.append("README.md", "see /home/someone/tern\n")
        self.assert_fails("README.md", "wording")

    def test_only_continuous_integration_knows_where_real_data_lies(self):
        self.append("docs/STYLE.md", "../shared/data\n")
        self.assert_fails("the folder of real data", "wording")

    def test_unfinished_work_fails(self):
        self.append("core/base/memory.c", "/* TODO */\n")
        self.assert_fails("something left unfinished", "wording")


class Abi(Gate):
    header = "include/tern/version.h"
    declaration = "TERN_API const char *tern_version(void);"

    def test_the_tree_as_it_is_passes(self):
        self.assert_passes("abi")

    def test_a_variadic_function_fails(self):
        self.replace(self.header, self.declaration, "TERN_API void tern_log(const char *format, ...);")
        self.assert_fails("no variadic functions", "abi")

    def test_a_function_without_its_mark_fails(self):
        self.replace(self.header, self.declaration, "const char *tern_version(void);")
        self.assert_fails("tern_version is not marked TERN_API", "abi")

    def test_a_foreign_name_fails(self):
        self.replace(self.header, self.declaration, "TERN_API const char *trn_version(void);")
        self.assert_fails("trn_version is not named tern_*", "abi")

    def test_options_without_their_size_fail(self):
        self.replace(self.header, self.declaration,
                     self.declaration + "\ntypedef struct tern_seeded_options {\n    int flags;\n} tern_seeded_options;\n")
        self.assert_fails("tern_seeded_options does not begin with `size_t size`", "abi")

    def test_a_header_that_is_not_listed_fails(self):
        shutil.copy(self.path(self.header), self.path("include/tern/seeded.h"))
        self.assert_fails("tern/seeded.h is not listed", "abi")

    def test_a_missing_guard_and_linkage_fail(self):
        self.replace(self.header, "TERN_VERSION_H", "SEEDED_H")
        self.assert_fails("no guard TERN_VERSION_H", "abi")
        self.replace(self.header, 'extern "C" {', "{")
        self.assert_fails("no C linkage for C++", "abi")


class Exports(Gate):
    def library(self, source):
        """A shared library made of `source` in place of the real one."""
        self.write("seeded.c", source)
        library = self.path("seeded.so")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, self.path("seeded.c")], check=True)
        os.remove(self.path("seeded.c"))
        return library

    def declare_only(self, *names):
        for path in gatelib.files(self.root, ".h"):
            if path.startswith("include/"):
                os.remove(self.path(path))
        self.write("scripts/exports-pending", "")
        self.write("include/tern/seeded.h", "".join(f"TERN_API int {name}(void);\n" for name in names))

    def test_what_is_declared_and_exported_passes(self):
        self.declare_only("tern_one")
        self.assert_passes("exports", "--library", self.library("int tern_one(void) { return 1; }"))

    def test_an_internal_function_that_leaks_out_fails(self):
        self.declare_only("tern_one")
        library = self.library("int tern_one(void) { return 1; }\nint trn_two(void) { return 2; }")
        self.assert_fails("trn_two is exported and in no public header", "exports", "--library", library)

    def test_a_declared_function_that_is_missing_fails(self):
        self.declare_only("tern_one", "tern_two")
        library = self.library("int tern_one(void) { return 1; }")
        self.assert_fails("tern_two is declared and not exported", "exports", "--library", library)

    def test_a_planted_bug_fails(self):
        self.declare_only("tern_one")
        library = self.library("static volatile int trn_mutant_chosen;\nint tern_one(void) { return trn_mutant_chosen; }")
        self.assert_fails("holds planted bugs", "exports", "--library", library)

    def test_a_library_that_exports_nothing_proves_nothing(self):
        self.declare_only()
        self.assert_fails("nothing is exported", "exports", "--library", self.library("static int a;"))


class Tidy(Gate):
    def check_seeded(self, source):
        self.write("core/base/seeded.c", source)
        build = self.path("build/dev")
        os.makedirs(build)
        command = f"cc -std=c11 -I{self.root}/include -I{self.root}/core -c {self.root}/core/base/seeded.c"
        self.write("build/dev/compile_commands.json",
                   f'[{{"directory": "{self.root}", "command": "{command}", "file": "core/base/seeded.c"}}]')
        return ("tidy", "core/base/seeded.c")

    def test_clean_code_passes_and_is_remembered(self):
        gate = self.check_seeded("int seeded(int a);\nint seeded(int a)\n{\n    return a;\n}\n")
        self.assert_passes(*gate)
        self.assertEqual(len(os.listdir(self.path("build/tidy-cache"))), 1)
        self.assert_passes(*gate)

    def test_a_bug_that_the_analyzer_sees_fails_and_is_not_remembered(self):
        gate = self.check_seeded("int seeded(void);\nint seeded(void)\n{\n    int *p = 0;\n    return *p;\n}\n")
        self.assert_fails("clang-analyzer-core.NullDereference", *gate)
        self.assertEqual(os.listdir(self.path("build/tidy-cache")), [])

    def test_a_function_that_goes_on_and_on_fails(self):
        lines = "    a += 1;\n" * 90
        gate = self.check_seeded(f"int seeded(int a);\nint seeded(int a)\n{{\n{lines}    return a;\n}}\n")
        self.assert_fails("readability-function-size", *gate)

    def test_a_source_that_nothing_compiles_fails(self):
        self.check_seeded("")
        self.assert_fails("core/base/memory.c: no target compiles it", "tidy")


class Bindings(Gate):
    CODES = "bindings/jni/java/org/tern/ErrorCode.java"

    def compile(self, code, *flags):
        library = self.path("seeded.so")
        self.write("seeded.c", code)
        subprocess.run(["cc", "-shared", "-fPIC", *flags, self.path("seeded.c"), "-o", library], check=True)
        return "--library", library, "--symbol", "JNI_OnLoad"

    def test_the_tree_as_it_is_passes(self):
        self.assert_passes("bindings")

    def test_a_code_that_a_binding_lacks_fails(self):
        self.replace("include/tern/error.h", "    TERN_ERR_ERASED = 87", "    TERN_ERR_LATEST = 88,\n    TERN_ERR_ERASED = 87")
        self.assert_fails("LATEST = 88 of include/tern/error.h is missing", "bindings")

    def test_a_code_of_another_number_fails(self):
        self.replace(self.CODES, "FOREIGN_KEY(39)", "FOREIGN_KEY(38)")
        self.assert_fails("FOREIGN_KEY = 38 is not in include/tern/error.h", "bindings")

    def test_a_problem_of_one_side_only_fails(self):
        self.replace("bindings/jni/java/org/tern/Problem.java", "    QUOTA(19),\n", "")
        self.assert_fails("QUOTA = 19 of include/tern/medication/care.h is missing", "bindings")

    def test_a_list_of_swift_is_held_to_the_same(self):
        self.write("bindings/swift/Sources/Tern/ErrorCode.swift", "public enum ErrorCode: Int {\n    case ok = 0\n}\n")
        self.assert_fails("bindings/swift/Sources/Tern/ErrorCode.swift: FOREIGN_KEY = 39", "bindings")

    def test_a_list_that_is_not_there_fails(self):
        os.remove(self.path(self.CODES))
        self.assert_fails(f"{self.CODES} is missing", "bindings")

    def test_a_list_of_swift_that_is_not_there_fails(self):
        for name in ("ErrorCode", "Problem"):
            os.rename(self.path(f"bindings/swift/Sources/Tern/{name}.swift"), self.path(f"bindings/swift/Sources/Tern/{name}s.swift"))
        self.assert_fails("bindings/swift/Sources/Tern/ErrorCode.swift is missing", "bindings")
        self.assert_fails("bindings/swift/Sources/Tern/Problem.swift is missing", "bindings")

    def test_a_binding_whose_sources_are_not_there_fails(self):
        os.rename(self.path("bindings/swift/Sources/Tern"), self.path("bindings/swift/Sources/Moved"))
        self.assert_fails("bindings/swift/Sources/Tern/: its sources were not found", "bindings")

    def test_a_function_that_a_binding_does_not_call_fails(self):
        self.replace("bindings/jni/src/ops_record.c", "tern_quota_read(", "tern_quota_guess(")
        self.assert_fails("bindings/jni/src/: tern_quota_read is not called", "bindings")

    def test_an_enum_that_lacks_a_member_fails(self):
        self.replace("bindings/jni/java/org/tern/Words.java", ", CONNECTION, GOES_ON", ", CONNECTION")
        self.assert_fails("Notice has 6 members, tern_notice of include/tern/medication/message.h has 7", "bindings")

    def test_a_prefab_module_that_names_another_file_fails(self):
        self.replace("bindings/jni/android/build.gradle.kts", "libtern-medication", "libtern_medication")
        self.assert_fails("the file of tern_medication is libtern-medication", "bindings")

    def test_a_library_that_is_built_for_phones_without_what_it_needs_fails(self):
        self.replace("vcpkg.json", '"json1", ', "")
        self.assert_fails("vcpkg.json: sqlite3 is to be built with json1", "bindings")
        self.replace("vcpkg.json", '"version": "3.6.5"', '"version": "4.0.0"')
        self.assert_fails("vcpkg.json: mbedtls is to be held at a 3.6 by an override", "bindings")
        self.replace("bindings/jni/android/build.gradle.kts", "-DANDROID_STL=none", "-DANDROID_STL=c++_static")
        self.assert_fails("ANDROID_STL is to be none", "bindings")

    def test_a_test_that_only_java_has_fails(self):
        swift = "bindings/swift/Tests/TernTests/LiveTests.swift"
        self.replace(swift, "testManyChangesEndWithTheLastState", "testManyChangesEnd")
        self.assert_fails("there is no testManyChangesEndWithTheLastState, as Java has manyChangesEndWithTheLastState", "bindings")
        self.replace(swift, "testAFailedRunIsThrownAndEndsTheSequence", "testAFailedRun")
        self.assert_fails("there is no testAFailedRunIsThrownAndEndsTheSequence", "bindings")
        self.replace("bindings/jni/test/java/org/tern/PortsTest.java", "aLogThatThrowsLosesItsLineAndNothingElse", "aLogThatThrows")
        self.assert_fails("aLogThatThrowsLosesItsLineAndNothingElse is a test of Java's no more", "bindings")

    def test_a_symbol_that_is_not_on_the_list_fails(self):
        gate = self.compile("int JNI_OnLoad(void) { return 0; }\nint more(void) { return 0; }\n",
                            "-Wl,-z,max-page-size=16384")
        self.assert_fails("more is exported", "bindings", *gate)

    def test_a_symbol_that_is_missing_fails(self):
        self.assert_fails("JNI_OnLoad is not exported", "bindings",
                          *self.compile("int more(void) { return 0; }\n", "-Wl,-z,max-page-size=16384"))

    def test_segments_for_small_pages_fail(self):
        gate = self.compile("int JNI_OnLoad(void) { return 0; }\n", "-Wl,-z,max-page-size=4096")
        self.assert_fails("a LOAD segment is aligned to 0x1000", "bindings", *gate)



class SwiftApi(Gate):
    def symbols(self, *spellings, identifier=""):
        one = [{"pathComponents": ["Replica", "name"],
                "declarationFragments": [{"spelling": text, "preciseIdentifier": identifier} for text in spellings]}]
        self.write("symbols/Tern.symbols.json", json.dumps({"symbols": one * 100}))
        return "--symbols", self.path("symbols")

    def test_the_tree_as_it_is_passes(self):
        self.assert_passes("swift-api")
        self.assert_passes("swift-api", *self.symbols("func ", "name() -> String"))

    def test_a_module_of_c_imported_for_all_is_found(self):
        self.append("bindings/swift/Sources/Tern/Problem.swift", "import CTern\n")
        self.assert_fails("Problem.swift: CTern is imported for all to see", "swift-api")
        self.replace("bindings/swift/Sources/Tern/Problem.swift", "\nimport CTern\n", "\npublic import CTern\n")
        self.assert_fails("Problem.swift: CTern is imported for all to see", "swift-api")

    def test_a_declaration_that_shows_c_is_found(self):
        self.assert_fails("Replica.name shows C", "swift-api", *self.symbols("var id: ", "tern_id"))
        self.assert_fails("Replica.name shows C", "swift-api", *self.symbols("var handle: ", "OpaquePointer?"))
        self.assert_fails("Replica.name shows C", "swift-api", *self.symbols("var id: ", "ID", identifier="c:@SA@tern_id"))

    def test_a_graph_without_symbols_proves_nothing(self):
        self.write("symbols/Tern.symbols.json", '{"symbols": []}')
        self.assert_fails("nothing is proven", "swift-api", "--symbols", self.path("symbols"))

class Vectors(Gate):
    """Each conformance vector is a story that C, Java and Swift play."""

    def check(self):
        run = subprocess.run([sys.executable, "-B", self.path("tests/shared/make-vectors"), "--check"],
                             capture_output=True, text=True)
        return run.returncode, run.stdout + run.stderr

    def test_the_tree_as_it_is_passes(self):
        status, said = self.check()
        self.assertEqual(status, 0, said)

    def change(self, name, change):
        vector = json.loads(gatelib.read(self.root, f"tests/conformance/{name}.json"))
        change(vector)
        self.write(f"tests/conformance/{name}.json", json.dumps(vector))

    def assert_refused(self, name, why):
        status, said = self.check()
        self.assertNotEqual(status, 0, said)
        self.assertIn(f"{name}.json: {why}", said)

    def test_all_of_them_are_played(self):
        vectors = [name for name in os.listdir(self.path("tests/conformance")) if name.endswith(".json") and name != "world.json"]
        self.assertIn(f"{len(vectors)} vectors are played", self.check()[1])

    def test_a_vector_that_no_replica_can_be_brought_to_is_handed_in(self):
        self.change("left-of-a-lost-tx", lambda vector: vector.pop("handed_in"))
        self.assert_refused("left-of-a-lost-tx", "no replica can be brought to a request's top")

    def test_each_device_of_it_is(self):
        self.change("inherited-entry", lambda vector: vector["handed_in"].pop("tablet"))
        self.assert_refused("inherited-entry", "no replica can be brought to an entry's author")

    def test_no_other_device_is(self):
        self.change("later-write-wins", lambda vector: vector.update(handed_in={"desk": "It has none."}))
        self.assert_refused("later-write-wins", "there is no request of desk to be handed in")

    def test_no_vector_says_why_it_is_not_played(self):
        self.change("later-write-wins", lambda vector: vector.update(unplayed="A replica is never late."))
        self.assert_refused("later-write-wins", "there is no word unplayed")

    def test_a_vector_that_could_be_played_and_is_not_fails(self):
        vector = gatelib.read(self.root, "tests/conformance/later-write-wins.json")
        self.write("tests/conformance/seeded.json", vector)
        status, said = self.check()
        self.assertNotEqual(status, 0, said)
        self.assertIn("vectors.json is not what", said)


class Limits(Gate):
    """The figures of scripts/bench are held to what docs/BENCHMARKS.md says."""

    def judge(self, *more, **figures):
        self.write("figures.json", json.dumps([{"name": name, "value": value, "unit": "x"} for name, value in figures.items()]))
        run = subprocess.run([self.path("tests/bench/judge"), self.path("figures.json"), *more], capture_output=True, text=True)
        return run.returncode, run.stdout + run.stderr

    def test_what_keeps_its_limit_passes(self):
        status, said = self.judge("--partly", jni_read_x=2.9, swift_read_x=3, apply_last_x=0.9, day_list_us=999)
        self.assertEqual(status, 0, said)
        self.assertIn("4 kept, 0 missed", said)

    def test_a_limit_that_is_missed_is_named_and_fails(self):
        status, said = self.judge("--partly", jni_read_x=3.1, swift_write_x=1.2, server_group_x=1.4)
        self.assertNotEqual(status, 0, said)
        self.assertIn("MISSED: jni_read_x is 3.1, and must be <= 3", said)
        self.assertIn("MISSED: server_group_x is 1.4, and must be >= 1.5", said)
        self.assertNotIn("swift_write_x", said)

    def test_a_figure_that_was_not_measured_fails_unless_only_some_were_asked_for(self):
        status, said = self.judge(jni_read_x=1)
        self.assertNotEqual(status, 0, said)
        self.assertIn("MISSED: swift_read_x was not measured", said)

    def test_a_table_without_limits_proves_nothing(self):
        self.replace("docs/BENCHMARKS.md", "| name | must be |", "| name | should be |")
        status, said = self.judge("--partly", jni_read_x=1)
        self.assertNotEqual(status, 0, said)
        self.assertIn("proves nothing", said)


class OpenApi(Gate):
    def test_the_tree_as_it_is_passes(self):
        self.assert_passes("openapi")

    def test_a_document_that_is_no_openapi_fails(self):
        self.replace("docs/openapi.yaml", "operationId: sync", "operationId: [sync]")
        self.assert_fails("['sync'] is not of type 'string'", "openapi")

    def test_a_reference_to_nothing_fails(self):
        self.replace("docs/openapi.yaml", "    Health:\n", "    Wealth:\n")
        self.assert_fails("Health", "openapi")

    def test_an_example_that_is_not_what_the_document_says_fails(self):
        self.replace("docs/openapi.yaml", '["z",4]', '["z",5]')
        self.assert_fails("the end line is wrong", "openapi")

    def test_a_line_that_breaks_its_schema_fails(self):
        self.replace("docs/openapi.yaml", '["@",60000000]', '["@","old"]')
        self.assert_fails("'old' is not of type 'integer'", "openapi")

    def test_a_code_that_is_not_listed_fails(self):
        self.replace("docs/openapi.yaml", "        - EPOCH_CHANGED\n", "")
        self.assert_fails("code EPOCH_CHANGED is not listed", "openapi")


if __name__ == "__main__":
    unittest.main()
