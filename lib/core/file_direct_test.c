#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int replace(const char *path, const char *content, struct mill_error *error)
{
    struct mill_replacement out;
    int status = mill_replacement_open(&out, path, error);
    if (status == 0) {
        status = mill_replacement_write(&out, content, strlen(content), error);
    }
    if (status == 0) {
        status = mill_replacement_commit(&out, error);
    }
    mill_replacement_close(&out);
    return status;
}

static void devices_and_pipes_are_written_to_as_they_are(void **state)
{
    (void)state;
    char got[16] = "";
    struct stat pipe;
    struct mill_error error;
    char folder[] = "/tmp/file_direct_test.XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(replace("/dev/null", "gone", NULL), 0);
    assert_int_equal(replace("/dev/full", "too much", &error), -ENOSPC);
    assert_string_equal(error.message, "cannot write /dev/full: No space left on device");

    assert_int_equal(mkfifo("pipe", 0666), 0);
    assert_int_equal(symlink("pipe", "to-pipe"), 0);
    int reader = open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    assert_int_equal(replace("pipe", "one ", NULL), 0);
    assert_int_equal(replace("to-pipe", "two", NULL), 0);
    assert_int_equal(read(reader, got, sizeof got - 1), 7);
    assert_string_equal(got, "one two");
    assert_int_equal(read(reader, got, sizeof got), 0); /* its end: nobody holds it open any more */
    close(reader);
    assert_int_equal(stat("pipe", &pipe), 0);
    assert_true(S_ISFIFO(pipe.st_mode));
    assert_int_equal(unlink("to-pipe"), 0);
    assert_int_equal(unlink("pipe"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0); /* nothing else was left in it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_and_pipes_are_written_to_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
