# SPDX-License-Identifier: Apache-2.0
# Guests and components as a manager controls and sees them.
obj-y += manage.o query.o
