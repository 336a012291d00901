# packages: commonmark
import commonmark

print(commonmark.commonmark('# T\n\nA *b* **c** `d` [e](f "g")\n\n- x\n- y\n\n> q\n\n```py\nz\n```\n'))
