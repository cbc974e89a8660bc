# `cmake --install` and the Debian package (`cpack -G DEB` in the build folder): the program, what it finds beside itself, the unit.
# The package brings no configuration: the unit waits until a person wrote /etc/mis-gateway/gateway.yaml.
set(share share/mis-gateway)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # a package needs no tests built
install(TARGETS mis-gateway RUNTIME DESTINATION bin)
install(FILES README.md DESTINATION ${share})
install(DIRECTORY connectors schemas DESTINATION ${share})
install(DIRECTORY config DESTINATION ${share} PATTERN systemd EXCLUDE)
install(FILES config/systemd/mis-gateway.service DESTINATION lib/systemd/system)
install(FILES packaging/debian/copyright DESTINATION share/doc/mis-gateway)
find_program(GZIP gzip)
foreach(page "mis-gateway.8;share/man/man8" "debian/changelog;share/doc/mis-gateway")
    list(GET page 0 from)
    list(GET page 1 to)
    get_filename_component(name ${from} NAME)
    add_custom_command(
        OUTPUT ${CMAKE_BINARY_DIR}/packaging/${name}.gz
        COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/packaging
        COMMAND ${GZIP} -9nc ${CMAKE_SOURCE_DIR}/packaging/${from} > ${CMAKE_BINARY_DIR}/packaging/${name}.gz
        DEPENDS packaging/${from} VERBATIM)
    list(APPEND packed ${CMAKE_BINARY_DIR}/packaging/${name}.gz)
    install(FILES ${CMAKE_BINARY_DIR}/packaging/${name}.gz DESTINATION ${to})
endforeach()
add_custom_target(packaging DEPENDS ${packed})
add_dependencies(mis-gateway packaging)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mis-gateway)
set(CPACK_PACKAGE_VENDOR "MIS Gateway")
set(CPACK_PACKAGE_CONTACT "MIS Gateway maintainers <maintainers@mis-gateway.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "clinic's information system as a stream of signed events")
set(CPACK_PACKAGE_DESCRIPTION
    "Reads appointments, procedures, payments, limits and treatment plans out of a
dental clinic's information system, works out what they mean, and feeds
treatment-plan status and billing events to an exchange. It never writes to
that system, and lets no name, phone or policy number out of the building.")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "init-system-helpers (>= 1.54), tzdata")
# what is opened at run time, by the kind of the clinic's base
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libfbclient2, libnats3.4, tdsodbc, unixodbc")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "odbc-mariadb, odbc-postgresql")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/packaging/debian/postinst;${CMAKE_SOURCE_DIR}/packaging/debian/prerm;${CMAKE_SOURCE_DIR}/packaging/debian/postrm)
include(CPack)
