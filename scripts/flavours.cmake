# Every library, program and test of the tree is built once for each flavour of THREADMILL_FLAVOURS from one
# configure: `plain` without instrumentation, `tsan` under ThreadSanitizer, `asan` under AddressSanitizer and
# UndefinedBehaviourSanitizer. Targets of the plain flavour carry the bare name, the others `-tsan` or `-asan`.

set(THREADMILL_WARNINGS -Wall -Wextra -Wshadow -Wconversion -Wpointer-arith -Wvla)
set(THREADMILL_WARNINGS_C -Wstrict-prototypes -Wmissing-prototypes)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
  list(APPEND THREADMILL_WARNINGS -Wthread-safety)
endif()
if(THREADMILL_WERROR)
  list(APPEND THREADMILL_WARNINGS -Werror)
endif()

set(THREADMILL_FLAGS_plain "")
set(THREADMILL_CHECKED_FLAVOURS tsan asan) # where misuse of a lock ends the program by name (lib/sync/lock.h)
if(THREADMILL_CHECKED)
  list(APPEND THREADMILL_CHECKED_FLAVOURS plain)
endif()
# -O1 and line numbers are what the sanitizers are made for; more only takes longer to build.
set(THREADMILL_FLAGS_lean $<$<NOT:$<CONFIG:Debug>>:-O1> $<$<NOT:$<CONFIG:Debug>>:-g1>)
set(THREADMILL_FLAGS_tsan -fsanitize=thread ${THREADMILL_FLAGS_lean})
set(THREADMILL_FLAGS_asan -fsanitize=address,undefined -fno-sanitize-recover=undefined ${THREADMILL_FLAGS_lean})
if(THREADMILL_COVERAGE)
  set(THREADMILL_FLAGS_plain --coverage -fprofile-update=atomic)
endif()

# Sources are named as they lie in the tree, wherever that is: what was compiled in another clone (ccache) is the same.
if(NOT THREADMILL_COVERAGE)
  file(RELATIVE_PATH up ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR})
  add_compile_options(-ffile-prefix-map=${up}= -ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -ffile-prefix-map=${CMAKE_BINARY_DIR}=.)
endif()

# Hundreds of programs are linked: with LLVM's linker in half the time.
find_program(THREADMILL_LLD ld.lld)
if(THREADMILL_LLD)
  add_link_options(-fuse-ld=lld)
endif()

# What tests named *_exhaustion_test.c make fail.
set(THREADMILL_EXHAUSTIBLE malloc calloc realloc aligned_alloc strdup pthread_create)

foreach(flavour IN LISTS THREADMILL_FLAVOURS)
  if(NOT DEFINED THREADMILL_FLAGS_${flavour})
    message(FATAL_ERROR "THREADMILL_FLAVOURS: '${flavour}' is not one of plain, tsan, asan")
  endif()
endforeach()

# Sets `out` to the name that target `name` has in `flavour`.
function(threadmill_name out name flavour)
  if(flavour STREQUAL "plain")
    set(${out} ${name} PARENT_SCOPE)
  else()
    set(${out} ${name}-${flavour} PARENT_SCOPE)
  endif()
endfunction()

# Warnings, flags and include paths that every target of a flavour has.
function(threadmill_compile target flavour)
  target_compile_options(${target} PRIVATE
    ${THREADMILL_WARNINGS} $<$<COMPILE_LANGUAGE:C>:${THREADMILL_WARNINGS_C}>
    -g ${THREADMILL_FLAGS_${flavour}} -fno-omit-frame-pointer)
  if(flavour STREQUAL "plain" AND CMAKE_C_COMPILER_ID MATCHES "Clang")
    target_compile_options(${target} PRIVATE -gdwarf-4) # Valgrind 3.19 gives up on clang's version 5
  endif()
  target_link_options(${target} PRIVATE ${THREADMILL_FLAGS_${flavour}})
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE MILL_FLAVOUR="${flavour}"
    MILL_CHECKED=$<IN_LIST:${flavour},${THREADMILL_CHECKED_FLAVOURS}>)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
endfunction()

# threadmill_library(NAME [SEQUENTIAL] [USES library...] [LINKS external...] [NOT_UNDER_TSAN test...]
# [NOT_PLAIN test...]): the folder's *.c
# and *.cc as a static library in every flavour, and each *_test.c beside them as a cmocka program and one test for each
# flavour. What links a library with C++ in it is linked by the C++ compiler; CMake sees to that. ThreadSanitizer has
# nothing to see where nothing runs at once: a SEQUENTIAL library starts no threads, so that those of its tests that start
# none either are left to the other flavours, and so are the tests that are named, of which other tests do the same. What is
# NOT_PLAIN, and tests that start no threads, are plain where there is no asan (scripts/test: under gcc).
function(threadmill_library name)
  cmake_parse_arguments(ARG "SEQUENTIAL" "" "USES;LINKS;NOT_UNDER_TSAN;NOT_PLAIN" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.c *.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.c)
  list(REMOVE_ITEM sources ${tests} "")
  list(FILTER sources EXCLUDE REGEX "/test_[a-z_]+\\.cc$") # part of tests alone
  foreach(flavour IN LISTS THREADMILL_FLAVOURS)
    threadmill_name(target ${name} ${flavour})
    add_library(${target} STATIC ${sources})
    threadmill_compile(${target} ${flavour})
    target_link_libraries(${target} PUBLIC Threads::Threads ${ARG_LINKS})
    foreach(used IN LISTS ARG_USES)
      threadmill_name(used_target ${used} ${flavour})
      target_link_libraries(${target} PUBLIC ${used_target})
    endforeach()
    foreach(test IN LISTS tests)
      get_filename_component(stem ${test} NAME_WE)
      file(STRINGS ${test} threads REGEX "include <pthread.h>")
      if(flavour STREQUAL "tsan" AND (stem IN_LIST ARG_NOT_UNDER_TSAN OR (ARG_SEQUENTIAL AND NOT threads)))
        continue()
      endif()
      if(flavour STREQUAL "plain" AND "asan" IN_LIST THREADMILL_FLAVOURS
         AND (stem IN_LIST ARG_NOT_PLAIN OR (ARG_SEQUENTIAL AND NOT threads)))
        continue()
      endif()
      threadmill_test(${name}/${stem} ${test} ${target} ${flavour})
    endforeach()
  endforeach()
endfunction()

# What is hunted has the sanitizer's instrumentation and none of its runtime (lib/hunt/README.md): the flag goes to the
# compiler proper alone, so that its driver links nothing.
set(THREADMILL_FLAGS_hunt -Xclang -fsanitize=thread "SHELL:-mllvm -tsan-instrument-read-before-write")
set(THREADMILL_HUNTED OFF)
if(CMAKE_C_COMPILER_ID MATCHES "Clang" AND "plain" IN_LIST THREADMILL_FLAVOURS)
  set(THREADMILL_HUNTED ON)
endif()

# threadmill_hunted(NAME [USES library...]): the library of the folder once more, to be hunted.
function(threadmill_hunted name)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  if(THREADMILL_HUNTED)
    get_target_property(sources ${name} SOURCES)
    list(FILTER sources EXCLUDE REGEX "/peer_[a-z0-9_]+\\.(c|cc)$") # other libraries are not hunted: they are as they are
    get_target_property(links ${name} INTERFACE_LINK_LIBRARIES)
    list(TRANSFORM ARG_USES APPEND "-hunt" OUTPUT_VARIABLE used)
    add_library(${name}-hunt STATIC ${sources})
    target_compile_options(${name}-hunt PRIVATE ${THREADMILL_WARNINGS}
      $<$<COMPILE_LANGUAGE:C>:${THREADMILL_WARNINGS_C}> ${THREADMILL_FLAGS_hunt} -g -fno-omit-frame-pointer)
    target_compile_definitions(${name}-hunt PRIVATE _GNU_SOURCE MILL_FLAVOUR="hunt" MILL_UNDER_HUNT=1)
    target_include_directories(${name}-hunt PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name}-hunt PUBLIC ${used} ${name} ${links})
  endif()
endfunction()

# One cmocka program `source` over library `library`, registered as test `label` of the flavour.
function(threadmill_test label source library flavour)
  string(REPLACE "/" "_" program ${label})
  threadmill_name(program ${program} ${flavour})
  add_executable(${program} ${source})
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  threadmill_compile(${program} ${flavour})
  target_link_libraries(${program} PRIVATE ${library} PkgConfig::CMOCKA m)
  if(source MATCHES "_exhaustion_test\\.c$") # lib/core/test_exhaustion.h
    list(TRANSFORM THREADMILL_EXHAUSTIBLE PREPEND "LINKER:--wrap=" OUTPUT_VARIABLE wraps)
    target_link_options(${program} PRIVATE ${wraps})
    if(NOT flavour STREQUAL "tsan") # clang's runtime has its own `new` there
      target_sources(${program} PRIVATE ${PROJECT_SOURCE_DIR}/lib/core/test_exhaustion_new.cc)
    endif()
  endif()
  add_test(NAME unit/${label}/${flavour} COMMAND ${program})
  set_tests_properties(unit/${label}/${flavour} PROPERTIES LABELS "unit;${flavour}" TIMEOUT 300 SKIP_RETURN_CODE 77)
endfunction()

# threadmill_program(NAME SOURCES file... USES library... [LINKS external...]): an installed program in every flavour.
function(threadmill_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LINKS" ${ARGN})
  foreach(flavour IN LISTS THREADMILL_FLAVOURS)
    threadmill_name(target ${name} ${flavour})
    add_executable(${target} ${ARG_SOURCES})
    threadmill_compile(${target} ${flavour})
    target_link_libraries(${target} PRIVATE ${ARG_LINKS})
    foreach(used IN LISTS ARG_USES)
      threadmill_name(used_target ${used} ${flavour})
      target_link_libraries(${target} PRIVATE ${used_target})
    endforeach()
    install(TARGETS ${target} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} OPTIONAL)
  endforeach()
endfunction()

set(THREADMILL_FUZZ_SECONDS 12 CACHE STRING "How long each fuzz test looks for inputs beyond its corpus")

# threadmill_fuzz(NAME SOURCES file... USES library... [LINKS external...] [LONGEST bytes]): test fuzz/NAME-TARGET for each
# fuzz/TARGET.c of the folder, a libFuzzer target under the asan flavour's sanitizers, guided by what the SOURCES
# do: they are compiled once more for it. It replays the corpus in fuzz/TARGET and goes on from there, with the
# words of fuzz/words.dict; what it finds new stays in the build, not in the tree. An input has up to LONGEST bytes (4352).
function(threadmill_fuzz name)
  cmake_parse_arguments(ARG "" "LONGEST" "SOURCES;USES;LINKS" ${ARGN})
  if(NOT ARG_LONGEST)
    set(ARG_LONGEST 4352)
  endif()
  file(GLOB targets CONFIGURE_DEPENDS fuzz/*.c)
  set(can OFF)
  if(CMAKE_C_COMPILER_ID MATCHES "Clang" AND "asan" IN_LIST THREADMILL_FLAVOURS)
    set(can ON)
    add_library(${name}_fuzzed STATIC ${ARG_SOURCES})
    threadmill_compile(${name}_fuzzed asan)
    target_compile_options(${name}_fuzzed PRIVATE -fsanitize=fuzzer-no-link)
    list(TRANSFORM ARG_USES APPEND "-asan" OUTPUT_VARIABLE used)
    target_link_libraries(${name}_fuzzed PUBLIC ${used} ${ARG_LINKS} m)
  endif()
  foreach(source IN LISTS targets)
    get_filename_component(stem ${source} NAME_WE)
    set(test fuzz/${name}-${stem})
    if(can)
      set(program ${name}_fuzz_${stem})
      add_executable(${program} ${source})
      set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
      threadmill_compile(${program} asan)
      target_compile_options(${program} PRIVATE -fsanitize=fuzzer)
      target_link_options(${program} PRIVATE -fsanitize=fuzzer)
      target_link_libraries(${program} PRIVATE ${name}_fuzzed)
      set(found ${CMAKE_BINARY_DIR}/${test})
      file(MAKE_DIRECTORY ${found})
      add_test(NAME ${test} COMMAND ${program} -max_total_time=${THREADMILL_FUZZ_SECONDS} -max_len=${ARG_LONGEST}
        -print_final_stats=1 -artifact_prefix=${found}/ -dict=${CMAKE_CURRENT_SOURCE_DIR}/fuzz/words.dict
        ${found} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${stem})
    else()
      add_test(NAME ${test}
        COMMAND sh -c "echo 'SKIPPED: libFuzzer comes with clang and is used in its asan flavour'; exit 77")
    endif()
    set_tests_properties(${test} PROPERTIES LABELS "fuzz" TIMEOUT 600 SKIP_RETURN_CODE 77)
  endforeach()
endfunction()
