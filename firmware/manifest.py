# What every image and the host board freeze: the application, the dictionary's tables, the entry.
# Paths are relative to this file.

package("payload", base_path=".")
package("payload", base_path="../build/gen/firmware")
module("main.py", base_path=".")
