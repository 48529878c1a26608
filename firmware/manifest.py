# What every image and the host board freeze: the application, the dictionary's tables, the entry.
include_tables = "$(PORT_DIR)/../../../build/gen/firmware"

package("payload", base_path=".")
package("payload", base_path=include_tables)
module("main.py", base_path=".")
